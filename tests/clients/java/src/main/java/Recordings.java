import com.azure.identity.DefaultAzureCredentialBuilder;
import com.microsoft.graph.core.authentication.AzureIdentityAuthenticationProvider;
import com.microsoft.graph.models.CallRecording;
import com.microsoft.graph.models.odataerrors.ODataError;
import com.microsoft.graph.serviceclient.GraphServiceClient;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Lists the recordings of a meeting and downloads the first. All it needs to know stands in the environment. */
class Recordings {
    static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }

    static void run() throws Exception {
        var baseUrl = setting("GRAPH_BASE_URL", "https://graph.microsoft.com/v1.0");
        var scope = setting("GRAPH_SCOPE", "https://graph.microsoft.com/.default");

        // Tokens are sent to these hosts alone. Without them they are sent to Graph's hosts alone.
        String[] hosts = {URI.create(baseUrl).getHost()};
        var credential = new DefaultAzureCredentialBuilder().build();
        var graph = new GraphServiceClient(new AzureIdentityAuthenticationProvider(credential, hosts, scope));
        graph.getRequestAdapter().setBaseUrl(baseUrl);

        var user = graph.users().byUserId(System.getenv("GRAPH_USER_ID"));
        var meeting = user.onlineMeetings().byOnlineMeetingId(System.getenv("GRAPH_MEETING_ID"));

        var list = meeting.recordings().get().getValue();
        for (CallRecording recording : list) {
            System.out.println("recording " + recording.getCreatedDateTime() + " " + recording.getId());
        }

        var recording = meeting.recordings().byCallRecordingId(list.get(0).getId()).get();
        try (var content = meeting.recordings().byCallRecordingId(recording.getId()).content().get()) {
            var size = Files.copy(content, Path.of("recording.mp4"), StandardCopyOption.REPLACE_EXISTING);
            System.out.println("downloaded " + size + " bytes");
        }

        // A transcript and the recording of the same part of a call have the same contentCorrelationId.
        var transcript = meeting.transcripts().get().getValue().get(0);
        var filter = "contentCorrelationId eq '" + transcript.getContentCorrelationId() + "'";
        var found = meeting.recordings().get(request -> request.queryParameters.filter = filter).getValue();
        System.out.println("transcript " + transcript.getId() + " belongs to recording " + found.get(0).getId());
    }

    public static void main(String[] arguments) throws Exception {
        try {
            run();
        } catch (ODataError refused) {
            var error = refused.getError();
            System.err.println(refused.getResponseStatusCode() + " " + error.getCode() + ": " + error.getMessage());
            System.exit(1);
        }
    }
}
