package console

import (
	"net/http"
	"net/url"
	"strings"
)

// contentPolicy lets a page load its style and pictures, send its forms here,
// and nothing else.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

// guarded sets what every answer carries.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentPolicy)
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Referrer-Policy", "no-referrer") // addresses of pages hold tokens
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// mayLeadTo lets the forms of this page end at another origin: Chromium holds
// form-action against redirects too. A host that is more than a name and a port
// would be read as more of the policy, so it is left out.
func (v *visit) mayLeadTo(address string) {
	to, err := url.Parse(address)
	if err != nil || strings.Trim(to.Host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") != "" {
		return
	}
	source := to.Scheme + "://" + to.Host
	if strings.HasPrefix(to.Host, "[") {
		source = to.Scheme + ":" // a policy cannot name an IPv6 address
	}
	v.header.Set("Content-Security-Policy", contentPolicy+" "+source)
}
