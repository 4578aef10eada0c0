import com.azure.identity.ClientSecretCredentialBuilder;
import com.microsoft.graph.core.authentication.AzureIdentityAuthenticationProvider;
import com.microsoft.graph.core.requests.GraphClientFactory;
import com.microsoft.graph.serviceclient.GraphServiceClient;
import java.net.URI;
import java.util.List;
import okhttp3.Protocol;

/** With a tenant in the place of `adfs`, a credential that is told everything, and HTTP/1.1 in the place of HTTP/2. */
class Tenant {
    public static void main(String[] arguments) {
        var baseUrl = Recordings.setting("GRAPH_BASE_URL", "https://graph.microsoft.com/v1.0");
        var scope = Recordings.setting("GRAPH_SCOPE", "https://graph.microsoft.com/.default");
        var authority = System.getenv("AZURE_AUTHORITY_HOST");

        var builder = new ClientSecretCredentialBuilder()
            .tenantId(System.getenv("AZURE_TENANT_ID"))
            .clientId(System.getenv("AZURE_CLIENT_ID"))
            .clientSecret(System.getenv("AZURE_CLIENT_SECRET"));
        if (authority != null) {
            builder.authorityHost(authority);
            // Else a server of Microsoft is asked whether this authority is one to be trusted.
            builder.disableInstanceDiscovery();
        }

        String[] hosts = {URI.create(baseUrl).getHost()};
        var client = GraphClientFactory.create(GraphServiceClient.getGraphClientOptions())
            .protocols(List.of(Protocol.HTTP_1_1))
            .build();
        var authentication = new AzureIdentityAuthenticationProvider(builder.build(), hosts, scope);
        var graph = new GraphServiceClient(authentication, client);
        graph.getRequestAdapter().setBaseUrl(baseUrl);

        var meeting = graph.users().byUserId(System.getenv("GRAPH_USER_ID"))
            .onlineMeetings().byOnlineMeetingId(System.getenv("GRAPH_MEETING_ID"));
        System.out.println(meeting.recordings().get().getValue().size() + " recordings");
    }
}
