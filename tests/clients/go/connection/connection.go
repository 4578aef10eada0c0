// Package connection makes adapters as Microsoft's libraries do, with a transport that counts.
package connection

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"time"

	"example/recordings/steps"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	khttp "github.com/microsoft/kiota-http-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"
)

// Given is a credential that holds the token that it was given.
type Given string

// GetToken implements azcore.TokenCredential.
func (token Given) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(token), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// Open gives an adapter, and the client below it.
func Open(credential azcore.TokenCredential) (*core.GraphRequestAdapterBase, *http.Client, error) {
	base, err := url.Parse(os.Getenv("GRAPH_BASE_URL"))
	if err != nil {
		return nil, nil, err
	}
	hosts, scopes := []string{base.Hostname()}, []string{os.Getenv("GRAPH_SCOPE")}
	provider, err := authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(credential, scopes, hosts)
	if err != nil {
		return nil, nil, err
	}
	middleware := core.GetDefaultMiddlewaresWithOptions(&core.GraphClientOptions{})
	counting := steps.Counting{Parent: khttp.GetDefaultTransport()}
	client := &http.Client{Transport: khttp.NewCustomTransportWithParentTransport(counting, middleware...)}
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		provider, core.GraphClientOptions{}, nil, nil, client)
	if err != nil {
		return nil, nil, err
	}
	adapter.SetBaseUrl(base.String())
	return adapter, client, nil
}
