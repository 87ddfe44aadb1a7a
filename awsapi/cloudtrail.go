package awsapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/sallyport/sallyport/audit"
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/fault"
	"github.com/sallyport/sallyport/operation"
	"github.com/sallyport/sallyport/wire"
)

// CloudTrail is LookupEvents of the service of that name, API version 2013-11-01,
// over the one log. There is no trail to make: everything is recorded.
type CloudTrail struct {
	Audit *audit.Log
	// Region is told of events whose request named none.
	Region string
}

func (c *CloudTrail) service() *service {
	return &service{
		Service: operation.Service{Source: "cloudtrail"}, signing: "cloudtrail",
		errors: cloudTrailErrors,
		constraints: wire.Constraints{
			"LookupAttributes": {}, "StartTime": {}, "EndTime": {}, "EventCategory": {}, "MaxResults": {}, "NextToken": {Max: 4096},
		},
		// The AWS CLI and boto3 send the one form, the SDKs for Go and JavaScript the other.
		targets: []string{"com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", "CloudTrail_20131101"},
		operations: []*operation.Operation{
			operation.Read("LookupEvents", c.lookupEvents, authz.IAM("cloudtrail:LookupEvents", "*"), operation.Settled()),
		},
	}
}

const (
	reasonLookupAttributes fault.Reason = "InvalidLookupAttributes"
	reasonTimeRange        fault.Reason = "InvalidTimeRange"
	reasonMaxResults       fault.Reason = "InvalidMaxResults"
	reasonEventCategory    fault.Reason = "InvalidEventCategory"
)

var cloudTrailErrors = jsonErrors.with(errorTable{
	reasons: map[fault.Reason]code{
		reasonLookupAttributes: {http.StatusBadRequest, "InvalidLookupAttributesException"},
		reasonTimeRange:        {http.StatusBadRequest, "InvalidTimeRangeException"},
		reasonMaxResults:       {http.StatusBadRequest, "InvalidMaxResultsException"},
		reasonEventCategory:    {http.StatusBadRequest, "InvalidEventCategoryException"},
		reasonPageToken:        {http.StatusBadRequest, "InvalidNextTokenException"},
	},
	kinds: map[fault.Kind]code{fault.Unsupported: {http.StatusBadRequest, "UnsupportedOperationException"}},
})

// errorTables are those whose codes the records of a service's events show.
var errorTables = map[string]errorTable{
	"sts": stsErrors, "iam": iamErrors, "organizations": organizationsErrors, "cloudtrail": cloudTrailErrors, "access-analyzer": accessAnalyzerErrors,
}

const mostEvents = 50

func (c *CloudTrail) lookupEvents(q *operation.Query, in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
	filter := audit.Filter{Scope: q.Caller.Principal.ID().Scope(), To: q.Tx.Now().Add(time.Minute), Limit: mostEvents}
	if in.EventCategory != "" {
		return nil, fault.WithReason(reasonEventCategory, fault.Invalidf("the event category %s is not offered: leave it out for management events", in.EventCategory))
	}
	if in.MaxResults != nil {
		if filter.Limit = int(*in.MaxResults); filter.Limit < 1 || filter.Limit > mostEvents {
			return nil, fault.WithReason(reasonMaxResults, fault.Invalidf("MaxResults is 1 to %d, not %d", mostEvents, filter.Limit))
		}
	}
	if in.StartTime != nil {
		filter.From = *in.StartTime
	}
	if in.EndTime != nil && in.EndTime.Before(filter.To) {
		filter.To = in.EndTime.Add(time.Microsecond) // inclusive
	}
	if filter.From.After(filter.To) {
		return nil, fault.WithReason(reasonTimeRange, fault.Invalidf("StartTime is after EndTime"))
	}
	if err := attribute(&filter, in.LookupAttributes); err != nil {
		return nil, err
	}
	if in.NextToken != nil {
		if err := readToken(q, *in.NextToken, &filter.After); err != nil {
			return nil, err
		}
	}
	limit := filter.Limit
	filter.Limit++ // one more tells whether there is a next page
	events, err := c.Audit.Events(q.Tx, filter)
	if err != nil {
		return nil, err
	}
	out := &cloudtrail.LookupEventsOutput{Events: []types.Event{}}
	if len(events) > limit {
		events = events[:limit]
		last := events[limit-1]
		out.NextToken = aws.String(writeToken(q, audit.Cursor{At: last.At, ID: last.ID}))
	}
	for _, event := range events {
		out.Events = append(out.Events, c.event(event, q.Caller.Principal.Account))
	}
	return out, nil
}

// lookups are what events can be looked up by.
var lookups = map[types.LookupAttributeKey]func(*audit.Filter, string){
	types.LookupAttributeKeyEventId:      func(f *audit.Filter, v string) { f.ID = v },
	types.LookupAttributeKeyEventName:    func(f *audit.Filter, v string) { f.Name = lowerFirst(v) },
	types.LookupAttributeKeyEventSource:  func(f *audit.Filter, v string) { f.Source = strings.TrimSuffix(v, ".amazonaws.com") },
	types.LookupAttributeKeyUsername:     func(f *audit.Filter, v string) { f.Username = v },
	types.LookupAttributeKeyAccessKeyId:  func(f *audit.Filter, v string) { f.AccessKeyID = v },
	types.LookupAttributeKeyResourceType: func(f *audit.Filter, v string) { f.ResourceType = v },
	types.LookupAttributeKeyResourceName: func(f *audit.Filter, v string) { f.ResourceName = v },
	types.LookupAttributeKeyReadOnly: func(f *audit.Filter, v string) {
		f.Mutation = aws.Bool(v != "true")
	},
}

// In the log, names of events begin with a lower-case letter.
func lowerFirst(name string) string {
	if name == "" {
		return name
	}
	return strings.ToLower(name[:1]) + name[1:]
}

func upperFirst(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

var readOnlyValue = regexp.MustCompile(`^(true|false)$`)

func attribute(filter *audit.Filter, attributes []types.LookupAttribute) error {
	bad := func(format string, args ...any) error {
		return fault.WithReason(reasonLookupAttributes, fault.Invalidf(format, args...))
	}
	if len(attributes) > 1 {
		return bad("events are looked up by one attribute at a time, not %d", len(attributes))
	}
	for _, a := range attributes {
		set, value := lookups[a.AttributeKey], aws.ToString(a.AttributeValue)
		switch {
		case set == nil:
			return bad("events are not looked up by %.64q: use one of %v", a.AttributeKey, slices.Sorted(maps.Keys(lookups)))
		case value == "" || len(value) > 2000:
			return bad("the value of %s has 1 to 2000 characters", a.AttributeKey)
		case a.AttributeKey == types.LookupAttributeKeyReadOnly && !readOnlyValue.MatchString(value):
			return bad("ReadOnly is true or false, not %.64q", value)
		}
		set(filter, value)
	}
	return nil
}

func (c *CloudTrail) event(e audit.Event, recipient string) types.Event {
	out := types.Event{
		EventId: &e.ID, EventName: aws.String(upperFirst(e.Name)), EventSource: aws.String(e.Source + ".amazonaws.com"), EventTime: &e.At,
		ReadOnly: aws.String(strconv.FormatBool(!e.Mutation)), Username: given(e.Username), AccessKeyId: given(e.AccessKeyID),
		Resources: []types.Resource{}, CloudTrailEvent: aws.String(c.record(e, recipient)),
	}
	for _, r := range e.Resources {
		out.Resources = append(out.Resources, types.Resource{ResourceType: &r.Type, ResourceName: &r.Name})
	}
	return out
}

// record is an event in the form of "CloudTrail record contents" in the
// CloudTrail User Guide. What Sallyport knows beside it, the rule that allowed
// or the policies that refused, stands in additionalEventData.
func (c *CloudTrail) record(e audit.Event, recipient string) string {
	region := e.Detail.Region
	if region == "" {
		region = c.Region
	}
	type more struct {
		Reason   string          `json:"reason,omitempty"`
		Decision json.RawMessage `json:"decision,omitempty"`
	}
	record := struct {
		Version    string          `json:"eventVersion"`
		Identity   json.RawMessage `json:"userIdentity"`
		Time       string          `json:"eventTime"`
		Source     string          `json:"eventSource"`
		Name       string          `json:"eventName"`
		Region     string          `json:"awsRegion"`
		Address    string          `json:"sourceIPAddress"`
		Agent      string          `json:"userAgent"`
		Error      string          `json:"errorCode,omitempty"`
		Message    string          `json:"errorMessage,omitempty"`
		Request    json.RawMessage `json:"requestParameters"`
		Response   json.RawMessage `json:"responseElements"`
		More       *more           `json:"additionalEventData,omitempty"`
		RequestID  string          `json:"requestID"`
		ID         string          `json:"eventID"`
		ReadOnly   bool            `json:"readOnly"`
		Type       string          `json:"eventType"`
		Management bool            `json:"managementEvent"`
		Recipient  string          `json:"recipientAccountId"`
		Category   string          `json:"eventCategory"`
	}{
		"1.11", e.Detail.Identity, e.At.UTC().Format(time.RFC3339), e.Source + ".amazonaws.com", upperFirst(e.Name), region,
		e.Detail.Address, e.Detail.UserAgent, "", "", e.Detail.Request, nil, nil, e.Detail.RequestID, e.ID, !e.Mutation, "AwsApiCall", true, recipient, "Management",
	}
	if e.Mutation {
		record.Response = e.Detail.Response
	}
	if e.ErrorCode != "" {
		record.Error, record.Message = errorTables[e.Source].told(e.ErrorCode), e.Detail.Reason
	}
	if e.Detail.Evidence != nil || e.ErrorCode == "" && e.Detail.Reason != "" {
		record.More = &more{Decision: e.Detail.Evidence}
		if e.ErrorCode == "" {
			record.More.Reason = e.Detail.Reason
		}
	}
	text, err := json.Marshal(record)
	if err != nil {
		panic(err) // texts, and JSON that was written by us
	}
	return string(text)
}
