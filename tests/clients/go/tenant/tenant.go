// With a tenant in the place of `adfs`, and a credential that is told everything.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func main() {
	log.SetFlags(0)
	baseURL := cmp.Or(os.Getenv("GRAPH_BASE_URL"), "https://graph.microsoft.com/v1.0")
	scope := cmp.Or(os.Getenv("GRAPH_SCOPE"), "https://graph.microsoft.com/.default")

	// The authority is AZURE_AUTHORITY_HOST, unless ClientOptions.Cloud names another.
	options := azidentity.ClientSecretCredentialOptions{
		// Else a server of Microsoft is asked whether this authority is one to be trusted.
		DisableInstanceDiscovery: os.Getenv("AZURE_AUTHORITY_HOST") != "",
	}
	credential, err := azidentity.NewClientSecretCredential(
		os.Getenv("AZURE_TENANT_ID"), os.Getenv("AZURE_CLIENT_ID"), os.Getenv("AZURE_CLIENT_SECRET"), &options)
	if err != nil {
		log.Fatal(err)
	}
	token, err := credential.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{scope}})
	if err != nil {
		log.Fatal(err)
	}

	meeting := baseURL + "/users/" + os.Getenv("GRAPH_USER_ID") + "/onlineMeetings/" + os.Getenv("GRAPH_MEETING_ID")
	request, err := http.NewRequest(http.MethodGet, meeting+"/recordings", nil)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token.Token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status, "for the recordings of the meeting")
	if answer.StatusCode != http.StatusOK {
		os.Exit(1)
	}
}
