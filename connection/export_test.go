package connection

// Limits sets how many connections and VPC connections a space, and environments a
// connection and a project, can have, until the function it returns is called.
func Limits(most int) (restore func()) {
	quotas := []*quota{&connectionsOfSpace, &vpcConnectionsOfSpace, &environmentsOfConnection, &environmentsOfProject}
	before := make([]int, len(quotas))
	for i, q := range quotas {
		before[i], q.most = q.most, most
	}
	return func() {
		for i, q := range quotas {
			q.most = before[i]
		}
	}
}
