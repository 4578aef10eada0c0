// Lists the recordings of a meeting and downloads the first. All it needs to know stands in the environment.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"
)

type artifact struct {
	ID                   string `json:"id"`
	CreatedDateTime      string `json:"createdDateTime"`
	ContentCorrelationID string `json:"contentCorrelationId"`
}

type artifacts struct {
	Value []artifact `json:"value"`
}

type graph struct {
	baseURL string
	adapter *core.GraphRequestAdapterBase
	client  *http.Client
}

func connect() (*graph, error) {
	baseURL := cmp.Or(os.Getenv("GRAPH_BASE_URL"), "https://graph.microsoft.com/v1.0")
	scope := cmp.Or(os.Getenv("GRAPH_SCOPE"), "https://graph.microsoft.com/.default")
	base, err := url.Parse(baseURL)
	if err != nil {
		return nil, err
	}
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, err
	}
	// Tokens are sent to this host alone. Without the list they are sent to Graph's hosts alone.
	hosts := []string{base.Hostname()}
	provider, err := authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(credential, []string{scope}, hosts)
	if err != nil {
		return nil, err
	}
	adapter, err := core.NewGraphRequestAdapterBase(provider, core.GraphClientOptions{})
	if err != nil {
		return nil, err
	}
	return &graph{baseURL, adapter, core.GetDefaultClient(&core.GraphClientOptions{})}, nil
}

// get asks for a path. The body is the caller's to close.
func (g *graph) get(ctx context.Context, path string) (io.ReadCloser, error) {
	address, err := url.Parse(g.baseURL + path)
	if err != nil {
		return nil, err
	}
	question := abstractions.NewRequestInformation()
	question.Method = abstractions.GET
	question.SetUri(*address)
	request, err := g.adapter.ConvertToNativeRequest(ctx, question)
	if err != nil {
		return nil, err
	}
	answer, err := g.client.Do(request.(*http.Request))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode == http.StatusOK {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	var refused struct {
		Error struct{ Code, Message string }
	}
	if err := json.NewDecoder(answer.Body).Decode(&refused); err != nil {
		return nil, errors.New(answer.Status)
	}
	return nil, fmt.Errorf("%d %s: %s", answer.StatusCode, refused.Error.Code, refused.Error.Message)
}

func (g *graph) getJSON(ctx context.Context, path string, into any) error {
	body, err := g.get(ctx, path)
	if err != nil {
		return err
	}
	defer body.Close()
	return json.NewDecoder(body).Decode(into)
}

func (g *graph) download(ctx context.Context, path, name string) (int64, error) {
	body, err := g.get(ctx, path)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	file, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	size, err := io.Copy(file, body)
	return size, errors.Join(err, file.Close())
}

func run(ctx context.Context) error {
	g, err := connect()
	if err != nil {
		return err
	}
	meeting := "/users/" + os.Getenv("GRAPH_USER_ID") + "/onlineMeetings/" + os.Getenv("GRAPH_MEETING_ID")

	var list artifacts
	if err := g.getJSON(ctx, meeting+"/recordings", &list); err != nil {
		return err
	}
	for _, recording := range list.Value {
		fmt.Println("recording", recording.CreatedDateTime, recording.ID)
	}

	var recording artifact
	if err := g.getJSON(ctx, meeting+"/recordings/"+list.Value[0].ID, &recording); err != nil {
		return err
	}
	size, err := g.download(ctx, meeting+"/recordings/"+recording.ID+"/content", "recording.mp4")
	if err != nil {
		return err
	}
	fmt.Println("downloaded", size, "bytes")

	// A transcript and the recording of the same part of a call have the same contentCorrelationId.
	var transcripts, found artifacts
	if err := g.getJSON(ctx, meeting+"/transcripts", &transcripts); err != nil {
		return err
	}
	transcript := transcripts.Value[0]
	filter := url.QueryEscape("contentCorrelationId eq '" + transcript.ContentCorrelationID + "'")
	if err := g.getJSON(ctx, meeting+"/recordings?$filter="+filter, &found); err != nil {
		return err
	}
	fmt.Println("transcript", transcript.ID, "belongs to recording", found.Value[0].ID)
	return nil
}

func main() {
	log.SetFlags(0)
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
