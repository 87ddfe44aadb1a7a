package api

import (
	"github.com/sallyport/sallyport/authz"
	"github.com/sallyport/sallyport/operation"
)

// Server is what a client needs to know before anybody has signed in.
type Server struct {
	APIVersion  string `json:"apiVersion"`
	Region      string `json:"region" doc:"The AWS Region that spaces are in"`
	StartURL    string `json:"startUrl" doc:"What AWS clients call sso_start_url"`
	AWSEndpoint string `json:"awsEndpoint" doc:"Where AWS clients send everything"`
}

func (a *API) serverRoutes() []route {
	return []route{
		read("GetServer", "GET /server", "What a client needs to know of the server", a.getServer, authz.Public(), operation.Limit(600)),
	}
}

func (a *API) getServer(q *operation.Query, _ *Empty) (*Server, error) {
	at := q.Request.BaseURL
	return &Server{APIVersion: Version, Region: a.Spaces.Region, StartURL: at + "/start", AWSEndpoint: at + "/aws"}, nil
}
