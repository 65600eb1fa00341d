package api

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/goccy/go-yaml"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/shell"
)

// sample is a request that can be copied, in the form in which Redoc reads it.
type sample struct {
	Lang   string `yaml:"lang"`
	Label  string `yaml:"label"`
	Source string `yaml:"source"`
}

// withSamples returns an OpenAPI document as JSON, each operation with lines for curl. They
// are made of the document's examples.
func withSamples(document []byte, baseURL string, docs Docs) ([]byte, error) {
	s := sampler{baseURL: baseURL, docs: docs}
	if err := yaml.UnmarshalWithOptions(document, &s.document, yaml.UseOrderedMap()); err != nil {
		return nil, atlas.Wrap(err, "read the OpenAPI document")
	}
	paths, _ := member(s.document, "paths").(yaml.MapSlice)
	for _, path := range paths {
		item, _ := path.Value.(yaml.MapSlice)
		for i, at := range item {
			operation, ok := at.Value.(yaml.MapSlice)
			if !ok {
				continue // the parameters of all
			}
			request, err := s.request(fmt.Sprint(at.Key), fmt.Sprint(path.Key), item, operation)
			if err != nil {
				return nil, err
			}
			operation = append(operation, yaml.MapItem{Key: "x-codeSamples", Value: s.samples(operation, request)})
			item[i].Value = operation
		}
	}
	encoded, err := yaml.MarshalWithOptions(s.document, yaml.JSON())
	return encoded, atlas.Wrap(err, "encode the OpenAPI document as JSON")
}

// sampler makes samples of the operations of a document.
type sampler struct {
	document yaml.MapSlice
	baseURL  string
	docs     Docs
}

// samples returns the request once for each way to sign in.
func (s sampler) samples(operation yaml.MapSlice, request []string) []sample {
	line := func(label, credentials string) sample {
		curl := append([]string{"curl" + credentials}, request...)
		return sample{Lang: "Shell", Label: label, Source: strings.Join(curl, " \\\n  ")}
	}
	security, given := member(operation, "security").([]any)
	if !given {
		bearer := line("curl, service account", ` -H "Authorization: Bearer $TOKEN"`)
		bearer.Source = s.signIn() + bearer.Source
		return []sample{line("curl, API key", " --digest --user "+s.docs.APIKey), bearer}
	}
	if len(security) == 0 {
		return []sample{line("curl", "")}
	}
	return []sample{line("curl", " --user "+s.docs.ServiceAccount)} // for operations on tokens
}

// signIn returns a line that gets an access token.
func (s sampler) signIn() string {
	return fmt.Sprintf("TOKEN=$(curl -s --user %s \\\n  -d grant_type=client_credentials %s \\\n  | sed %s)\n",
		s.docs.ServiceAccount, shell.Quote(s.baseURL+oauthRoot+"/token"), shell.Quote(`s/.*"access_token":"\([^"]*\)".*/\1/`))
}

// request returns curl's arguments for a request of the operation, but for the credentials.
func (s sampler) request(method, path string, item, operation yaml.MapSlice) ([]string, error) {
	var arguments []string
	versions, _ := member(operation, "x-versions").(yaml.MapSlice)
	newest := ""
	for _, version := range versions {
		newest = max(newest, fmt.Sprint(version.Key))
	}
	if newest != "" {
		arguments = append(arguments, "-H "+shell.Quote("Accept: application/vnd.atlas."+newest+"+json"))
	}
	for _, list := range []any{member(item, "parameters"), member(operation, "parameters")} {
		parameters, _ := list.([]any)
		for _, parameter := range parameters {
			name, example := s.find(parameter, "name"), s.find(parameter, "example")
			path = strings.ReplaceAll(path, fmt.Sprintf("{%v}", name), url.PathEscape(fmt.Sprint(example)))
		}
	}
	at := shell.Quote(s.baseURL + path)
	if method != "get" {
		at = "-X " + strings.ToUpper(method) + " " + at
	}
	arguments = append(arguments, at)
	content := s.find(member(operation, "requestBody"), "content")
	if form := s.example(content, "application/x-www-form-urlencoded"); form != nil {
		fields, _ := form.(yaml.MapSlice)
		for _, field := range fields {
			arguments = append(arguments, fmt.Sprintf("-d %v=%v", field.Key, field.Value))
		}
	}
	if body := s.example(content, jsonType); body != nil {
		encoded, err := yaml.MarshalWithOptions(body, yaml.JSON())
		if err != nil {
			return nil, atlas.Wrap(err, "encode an example")
		}
		arguments = append(arguments, "-H "+shell.Quote("Content-Type: "+jsonType),
			"-d "+shell.Quote(strings.TrimSpace(string(encoded))))
	}
	return arguments, nil
}

// example returns the first example of a body that has the media type, or nil.
func (s sampler) example(content any, mediaType string) any {
	examples, _ := s.find(s.find(s.find(content, mediaType), "schema"), "examples").([]any)
	if len(examples) == 0 {
		return nil
	}
	return examples[0]
}

// find returns a member of an object, or of what it refers to in its place, or nil.
func (s sampler) find(of any, key string) any {
	object, _ := of.(yaml.MapSlice)
	reference, ok := member(object, "$ref").(string)
	if !ok {
		return member(object, key)
	}
	var target any = s.document
	for part := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
		target = s.find(target, part)
	}
	return s.find(target, key)
}

// member returns the value of a key, or nil.
func member(object yaml.MapSlice, key string) any {
	for _, item := range object {
		if item.Key == key {
			return item.Value
		}
	}
	return nil
}
