package wire

import (
	"encoding/json"
	"net/http"
	"reflect"
)

// The protocol awsJson1_1: everything travels in one JSON object, which operation
// it is in the header X-Amz-Target. Times are epoch seconds.

const json11Type = "application/x-amz-json-1.1"

// DecodeJSON11 fills an input from a request's body. No body is an empty object.
func DecodeJSON11(body []byte, input any) error {
	if err := parseJSON(body, input, AsExported); err != nil {
		return err
	}
	return checkText(reflect.ValueOf(input).Elem(), "", AsExported)
}

// EncodeJSON11 writes the answer of success.
func EncodeJSON11(w http.ResponseWriter, output any) {
	respond(w, json11Type, http.StatusOK, encodeJSON(output, EpochSeconds, AsExported))
}

// EncodeJSON11 writes an error with its message in both spellings there are:
// models have the one or the other, and clients read theirs.
func (f Failure) EncodeJSON11(w http.ResponseWriter) {
	members := map[string]string{"__type": f.Code, "message": f.Message, "Message": f.Message}
	if id := w.Header().Get("X-Amzn-Requestid"); id != "" {
		members["RequestId"] = id // a member of some models' exceptions
	}
	for name, value := range f.Members {
		members[name] = value
	}
	body, _ := json.Marshal(members) // cannot fail: texts
	w.Header().Set("X-Amzn-Errortype", f.Code)
	respond(w, json11Type, f.Status, body)
}
