import static java.net.URLDecoder.decode;

import com.azure.core.credential.AccessToken;
import com.azure.core.credential.TokenCredential;
import com.azure.identity.DefaultAzureCredentialBuilder;
import com.google.gson.JsonObject;
import com.microsoft.graph.core.authentication.AzureIdentityAuthenticationProvider;
import com.microsoft.graph.core.content.BatchRequestContent;
import com.microsoft.graph.core.content.BatchResponseContent;
import com.microsoft.graph.core.requests.GraphClientFactory;
import com.microsoft.graph.core.tasks.PageIterator;
import com.microsoft.graph.models.CallRecording;
import com.microsoft.graph.models.CallRecordingCollectionResponse;
import com.microsoft.graph.models.Entity;
import com.microsoft.graph.models.OnlineMeeting;
import com.microsoft.graph.serviceclient.GraphServiceClient;
import com.microsoft.graph.users.item.UserItemRequestBuilder;
import com.microsoft.graph.users.item.onlinemeetings.createorget.CreateOrGetPostRequestBody;
import com.microsoft.graph.users.item.onlinemeetings.item.OnlineMeetingItemRequestBuilder;
import com.microsoft.kiota.RequestInformation;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import reactor.core.publisher.Mono;

/** Every operation of the server with microsoft-graph: by its typed builders, and by a URL where it has none. */
class Operations extends Steps {
    private static final String UNATTRIBUTED = "application/vnd.microsoft.graph.transcript+text";

    /** A page of a list or of a delta. */
    private record Page(List<? extends Entity> items, String next, String delta) {}

    private final GraphServiceClient graph = connect(new DefaultAzureCredentialBuilder().build());
    private final JsonObject organizer = expected.getAsJsonObject("organizer");
    private final JsonObject all = expected.getAsJsonObject("all");
    private final JsonObject between = expected.getAsJsonObject("between");
    private final JsonObject calls = expected.getAsJsonObject("call");
    private final JsonObject wanted = expected.getAsJsonObject("meeting");
    private final List<JsonObject> recordings = each(expected.getAsJsonArray("recordings"));
    private final List<JsonObject> transcripts = each(expected.getAsJsonArray("transcripts"));
    private final UserItemRequestBuilder user = graph.users().byUserId(text(organizer, "id"));
    private final OnlineMeetingItemRequestBuilder meeting = user.onlineMeetings().byOnlineMeetingId(text(wanted, "id"));
    private String made;
    private String joinMeetingId;

    Operations() throws Exception {
        meetings();
        recordings();
        transcripts();
        everything();
        changes();
        calls();
        batches();
    }

    /** A client as `new GraphServiceClient(credential)` makes it, with an interceptor that counts. */
    private static GraphServiceClient connect(TokenCredential credential) {
        var baseUrl = System.getenv("GRAPH_BASE_URL");
        String[] hosts = {URI.create(baseUrl).getHost()};
        var authentication = new AzureIdentityAuthenticationProvider(credential, hosts, System.getenv("GRAPH_SCOPE"));
        var client = GraphClientFactory.create(GraphServiceClient.getGraphClientOptions())
            .addNetworkInterceptor(new Counting())
            .build();
        var graph = new GraphServiceClient(authentication, client);
        graph.getRequestAdapter().setBaseUrl(baseUrl);
        return graph;
    }

    private UserItemRequestBuilder me() {
        var token = new AccessToken(text(expected, "organizerToken"), OffsetDateTime.now().plusHours(1));
        return connect(request -> Mono.just(token)).me();
    }

    private static List<String> ids(List<? extends Entity> items) {
        return items.stream().map(Entity::getId).toList();
    }

    private static void isRecording(CallRecording found, JsonObject wanted) {
        same("id", found.getId(), text(wanted, "id"));
        same("callId", found.getCallId(), text(wanted, "callId"));
        same("contentCorrelationId", found.getContentCorrelationId(), text(wanted, "contentCorrelationId"));
        var created = OffsetDateTime.parse(text(wanted, "createdDateTime"));
        same("createdDateTime", found.getCreatedDateTime().toInstant(), created.toInstant());
        same("organizer", found.getMeetingOrganizer().getUser().getId(), text(wanted, "organizerId"));
    }

    /** The ids of all pages, sorted, and after them the delta link of the last. */
    private static Page gather(Page page, Function<String, Page> follow, List<String> found) {
        found.addAll(ids(page.items));
        return page.next == null ? page : gather(follow.apply(page.next), follow, found);
    }

    private static void holds(Page first, Function<String, Page> follow, List<String> wanted) {
        var found = new ArrayList<String>();
        gather(first, follow, found);
        same("ids", sorted(found.stream()), wanted);
    }

    /** Follows the links to the end, and asks once more from there. */
    private static void changes(Page first, Function<String, Page> follow, List<String> wanted) {
        var found = new ArrayList<String>();
        var last = gather(first, follow, found);
        same("ids", sorted(found.stream()), sorted(wanted.stream()));
        same("the last page has a deltaLink", last.delta != null, true);
        var again = new ArrayList<String>();
        var second = gather(follow.apply(last.delta), follow, again);
        same("ids of the second round", again, List.of());
        same("the second round has a deltaLink", second.delta != null, true);
    }

    private void find(String filter, String id) {
        var found = user.onlineMeetings().get(request -> request.queryParameters.filter = filter).getValue();
        same("meetings", ids(found), List.of(id));
    }

    private void meetings() {
        step("get a meeting", () -> {
            var found = meeting.get();
            same("id", found.getId(), text(wanted, "id"));
            same("subject", found.getSubject(), text(wanted, "subject"));
            same("joinWebUrl", found.getJoinWebUrl(), text(wanted, "joinWebUrl"));
        });
        step("find a meeting by joinWebUrl", () ->
            find("JoinWebUrl eq '" + text(wanted, "joinWebUrl") + "'", text(wanted, "id")));
        step("create a meeting", () -> {
            var start = OffsetDateTime.parse("2030-01-15T09:00:00Z");
            var body = new OnlineMeeting();
            body.setSubject("Made by Java");
            body.setStartDateTime(start);
            body.setEndDateTime(start.plusHours(1));
            var found = user.onlineMeetings().post(body);
            made = found.getId();
            joinMeetingId = found.getJoinMeetingIdSettings().getJoinMeetingId();
            same("subject", found.getSubject(), "Made by Java");
            same("startDateTime", found.getStartDateTime().toInstant(), start.toInstant());
            var owner = found.getParticipants().getOrganizer().getIdentity().getUser().getId();
            same("organizer", owner, text(organizer, "id"));
            same("joinWebUrl is a URL", found.getJoinWebUrl().startsWith("https://"), true);
        });
        step("find a meeting by joinMeetingId", () ->
            find("joinMeetingIdSettings/joinMeetingId eq '" + joinMeetingId + "'", made));
        step("create or get a meeting", () -> {
            var start = OffsetDateTime.parse("2030-01-16T09:00:00Z");
            var externalId = UUID.randomUUID().toString();
            var found = new ArrayList<String>();
            for (var time = 0; time < 2; time++) {
                var body = new CreateOrGetPostRequestBody();
                body.setExternalId(externalId);
                body.setSubject("Made or got");
                body.setStartDateTime(start);
                body.setEndDateTime(start.plusHours(1));
                var one = user.onlineMeetings().createOrGet().post(body);
                same("externalId", one.getExternalId(), externalId);
                found.add(one.getId());
            }
            same("the second time", found.get(1), found.get(0));
        });
        step("update a meeting", () -> {
            var item = user.onlineMeetings().byOnlineMeetingId(made);
            var body = new OnlineMeeting();
            body.setSubject("Renamed by Java");
            same("subject in the answer", item.patch(body).getSubject(), "Renamed by Java");
            same("subject afterwards", item.get().getSubject(), "Renamed by Java");
        });
        step("delete a meeting", () -> {
            var item = user.onlineMeetings().byOnlineMeetingId(made);
            item.delete();
            isGone(item::get);
        });
        step("get a user", () -> {
            var found = user.get();
            same("id", found.getId(), text(organizer, "id"));
            same("userPrincipalName", found.getUserPrincipalName(), text(organizer, "userPrincipalName"));
        });
        step("get me", () -> {
            var found = me().get();
            same("id", found.getId(), text(organizer, "id"));
            same("displayName", found.getDisplayName(), text(organizer, "displayName"));
        });
    }

    private void recordings() {
        var wantedIds = ids(expected.getAsJsonArray("recordings"));
        step("list recordings", () -> {
            var found = meeting.recordings().get();
            same("recordings", ids(found.getValue()), wantedIds);
            same("count", found.getOdataCount(), (long) recordings.size());
            isRecording(found.getValue().get(0), recordings.get(0));
        });
        step("list my recordings", () -> {
            var found = me().onlineMeetings().byOnlineMeetingId(text(wanted, "id")).recordings().get().getValue();
            same("recordings", ids(found), wantedIds);
            same("path " + lastPath, lastPath.contains("/me/onlineMeetings/"), true);
        });
        step("count recordings", () -> same("count", meeting.recordings().count().get(), recordings.size()));
        step("filter recordings", () -> {
            var filter = "contentcorrelationId eq '" + text(recordings.get(1), "contentCorrelationId") + "'";
            var found = meeting.recordings().get(request -> request.queryParameters.filter = filter).getValue();
            same("recordings", ids(found), List.of(wantedIds.get(1)));
        });
        step("select properties of recordings", () -> {
            String[] select = {"id", "callId"};
            var found = meeting.recordings().get(request -> request.queryParameters.select = select).getValue();
            var callIds = recordings.stream().map(one -> text(one, "callId")).toList();
            same("callId", found.stream().map(CallRecording::getCallId).toList(), callIds);
            same("createdDateTime", found.stream().allMatch(one -> one.getCreatedDateTime() == null), true);
        });
        step("page through recordings", () -> {
            var first = meeting.recordings().get(request -> request.queryParameters.top = 1);
            same("first page", first.getValue().size(), 1);
            var seen = new ArrayList<String>();
            new PageIterator.Builder<CallRecording, CallRecordingCollectionResponse>()
                .client(graph)
                .collectionPage(first)
                .collectionPageFactory(CallRecordingCollectionResponse::createFromDiscriminatorValue)
                .processPageItemCallback(one -> seen.add(one.getId()))
                .build()
                .iterate();
            same("recordings", seen, wantedIds);
        });
        step("get a recording", () -> {
            var found = meeting.recordings().byCallRecordingId(wantedIds.get(0)).get();
            isRecording(found, recordings.get(0));
            same("meetingId", found.getMeetingId(), text(wanted, "id"));
            var url = decode(found.getRecordingContentUrl(), StandardCharsets.UTF_8);
            same("recordingContentUrl", url, decode(text(recordings.get(0), "contentUrl"), StandardCharsets.UTF_8));
        });
        step("content of a recording", () ->
            isContent(meeting.recordings().byCallRecordingId(wantedIds.get(1)).content().get(), recordings.get(1)));
        step("download a recording to a file", () -> {
            var item = meeting.recordings().byCallRecordingId(wantedIds.get(0));
            var file = Path.of("downloaded.mp4");
            try (var content = item.content().withUrl(text(recordings.get(0), "contentUrl")).get()) {
                Files.copy(content, file, StandardCopyOption.REPLACE_EXISTING);
            }
            isContent(Files.newInputStream(file), recordings.get(0));
        });
    }

    private void transcripts() {
        var first = transcripts.get(0);
        var item = meeting.transcripts().byCallTranscriptId(text(first, "id"));
        step("list transcripts", () ->
            same("ids", ids(meeting.transcripts().get().getValue()), ids(expected.getAsJsonArray("transcripts"))));
        step("count transcripts", () -> same("count", meeting.transcripts().count().get(), transcripts.size()));
        step("get a transcript", () -> {
            var found = item.get();
            same("contentCorrelationId", found.getContentCorrelationId(), text(first, "contentCorrelationId"));
            same("transcriptContentUrl", found.getTranscriptContentUrl().endsWith("/content"), true);
        });
        step("content of a transcript", () -> isSpoken(item.content().get(), first, true));
        step("content of a transcript as text/vtt", () ->
            isSpoken(item.content().get(request -> request.headers.add("Accept", "text/vtt")), first, true));
        step("content of a transcript with $format", () -> {
            var url = text(wanted, "url") + "/transcripts/" + text(first, "id") + "/content?$format=text/vtt";
            isSpoken(item.content().withUrl(url).get(), first, true);
        });
        step("content of a transcript without speakers", () ->
            isSpoken(item.content().get(request -> request.headers.add("Accept", UNATTRIBUTED)), first, false));
        step("metadataContent of a transcript", () -> isMetadata(item.metadataContent().get(), first));
    }

    private void everything() {
        var allRecordings = user.onlineMeetings()
            .getAllRecordingsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTime();
        var allTranscripts = user.onlineMeetings()
            .getAllTranscriptsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTime();
        Function<String, Page> recordings = link -> {
            var page = allRecordings.withUrl(link).get();
            return new Page(page.getValue(), page.getOdataNextLink(), null);
        };
        Function<String, Page> transcripts = link -> {
            var page = allTranscripts.withUrl(link).get();
            return new Page(page.getValue(), page.getOdataNextLink(), null);
        };
        var start = OffsetDateTime.parse(text(between, "start"));
        var end = OffsetDateTime.parse(text(between, "end"));
        step("getAllRecordings", () -> {
            var page = allRecordings.get(request ->
                request.queryParameters.meetingOrganizerUserId = text(organizer, "id"));
            var first = new Page(page.getValue(), page.getOdataNextLink(), null);
            holds(first, recordings, texts(all.getAsJsonArray("recordings")));
        });
        step("getAllRecordings between dates", () -> {
            var page = allRecordings.get(request -> {
                request.queryParameters.meetingOrganizerUserId = text(organizer, "id");
                request.queryParameters.startDateTime = start;
                request.queryParameters.endDateTime = end;
                request.queryParameters.top = 1;
            });
            var first = new Page(page.getValue(), page.getOdataNextLink(), null);
            holds(first, recordings, texts(between.getAsJsonArray("recordings")));
        });
        step("getAllRecordings with $filter", () -> {
            var filter = "MeetingOrganizer/User/Id eq '" + text(organizer, "id") + "'";
            var url = text(organizer, "url") + "/onlineMeetings/getAllRecordings?$filter="
                + URLEncoder.encode(filter, StandardCharsets.UTF_8);
            holds(recordings.apply(url), recordings, texts(all.getAsJsonArray("recordings")));
        });
        step("getAllRecordings by URL", () ->
            holds(recordings.apply(text(all, "recordingsUrl")), recordings, texts(all.getAsJsonArray("recordings"))));
        step("getAllTranscripts", () -> {
            var page = allTranscripts.get(request ->
                request.queryParameters.meetingOrganizerUserId = text(organizer, "id"));
            var first = new Page(page.getValue(), page.getOdataNextLink(), null);
            holds(first, transcripts, texts(all.getAsJsonArray("transcripts")));
        });
        step("getAllTranscripts between dates", () -> {
            var page = allTranscripts.get(request -> {
                request.queryParameters.meetingOrganizerUserId = text(organizer, "id");
                request.queryParameters.startDateTime = start;
                request.queryParameters.endDateTime = end;
            });
            var first = new Page(page.getValue(), page.getOdataNextLink(), null);
            holds(first, transcripts, texts(between.getAsJsonArray("transcripts")));
        });
    }

    private void changes() {
        Function<String, Page> recordings = link -> {
            var page = meeting.recordings().delta().withUrl(link).get();
            return new Page(page.getValue(), page.getOdataNextLink(), page.getOdataDeltaLink());
        };
        Function<String, Page> transcripts = link -> {
            var page = meeting.transcripts().delta().withUrl(link).get();
            return new Page(page.getValue(), page.getOdataNextLink(), page.getOdataDeltaLink());
        };
        step("delta of recordings", () -> {
            var page = meeting.recordings().delta().get(request -> request.queryParameters.top = 2);
            var first = new Page(page.getValue(), page.getOdataNextLink(), page.getOdataDeltaLink());
            changes(first, recordings, ids(expected.getAsJsonArray("recordings")));
        });
        step("delta of transcripts", () -> {
            var page = meeting.transcripts().delta().get(request -> request.queryParameters.top = 2);
            var first = new Page(page.getValue(), page.getOdataNextLink(), page.getOdataDeltaLink());
            changes(first, transcripts, ids(expected.getAsJsonArray("transcripts")));
        });
        step("delta of getAllRecordings", () -> {
            var first = recordings.apply(text(all, "recordingsUrl") + "/delta?$top=2");
            changes(first, recordings, texts(all.getAsJsonArray("recordings")));
        });
        step("delta of getAllTranscripts", () -> {
            var first = transcripts.apply(text(all, "transcriptsUrl") + "/delta?$top=2");
            changes(first, transcripts, texts(all.getAsJsonArray("transcripts")));
        });
    }

    private void calls() {
        var caller = graph.users().byUserId(text(calls, "userId"));
        var call = caller.adhocCalls().byAdhocCallId(text(calls, "id"));
        var recording = each(calls.getAsJsonArray("recordings")).get(0);
        var transcript = each(calls.getAsJsonArray("transcripts")).get(0);
        var recordingItem = call.recordings().byCallRecordingId(text(recording, "id"));
        var transcriptItem = call.transcripts().byCallTranscriptId(text(transcript, "id"));
        step("list calls", () -> {
            var found = ids(caller.adhocCalls().get().getValue());
            same("calls", sorted(found.stream()), texts(calls.getAsJsonArray("calls")));
        });
        step("get a call", () -> same("id", call.get().getId(), text(calls, "id")));
        step("list recordings of a call", () ->
            same("ids", ids(call.recordings().get().getValue()), ids(calls.getAsJsonArray("recordings"))));
        step("get a recording of a call", () -> isRecording(recordingItem.get(), recording));
        step("content of a recording of a call", () -> isContent(recordingItem.content().get(), recording));
        step("list transcripts of a call", () ->
            same("ids", ids(call.transcripts().get().getValue()), ids(calls.getAsJsonArray("transcripts"))));
        step("get a transcript of a call", () -> {
            var correlation = transcriptItem.get().getContentCorrelationId();
            same("contentCorrelationId", correlation, text(transcript, "contentCorrelationId"));
        });
        step("content of a transcript of a call", () -> isSpoken(transcriptItem.content().get(), transcript, true));
        step("metadataContent of a transcript of a call", () ->
            isMetadata(transcriptItem.metadataContent().get(), transcript));

        var allRecordings = caller.adhocCalls().getAllRecordingsuserIdUserIdWithStartDateTimeWithEndDateTime();
        Function<String, Page> recordings = link -> {
            var page = allRecordings.withUrl(link).get();
            return new Page(page.getValue(), page.getOdataNextLink(), null);
        };
        step("getAllRecordings of calls", () -> {
            var page = allRecordings.get(request -> request.queryParameters.userId = text(calls, "userId"));
            var first = new Page(page.getValue(), page.getOdataNextLink(), null);
            holds(first, recordings, texts(calls.getAsJsonArray("allRecordings")));
        });
        step("getAllRecordings of calls by URL", () -> {
            var url = text(calls, "userUrl") + "/adhocCalls/getAllRecordings(userId='" + text(calls, "userId") + "')";
            holds(recordings.apply(url), recordings, texts(calls.getAsJsonArray("allRecordings")));
        });
        var allTranscripts = caller.adhocCalls().getAllTranscriptsuserIdUserIdWithStartDateTimeWithEndDateTime();
        step("getAllTranscripts of calls", () -> {
            var page = allTranscripts.get(request -> request.queryParameters.userId = text(calls, "userId"));
            var found = ids(page.getValue());
            same("ids", sorted(found.stream()), texts(calls.getAsJsonArray("allTranscripts")));
        });
        step("delta of recordings of a call", () -> {
            Function<String, Page> follow = link -> {
                var page = call.recordings().delta().withUrl(link).get();
                return new Page(page.getValue(), page.getOdataNextLink(), page.getOdataDeltaLink());
            };
            var page = call.recordings().delta().get(request -> request.queryParameters.top = 2);
            var first = new Page(page.getValue(), page.getOdataNextLink(), page.getOdataDeltaLink());
            changes(first, follow, ids(calls.getAsJsonArray("recordings")));
        });
    }

    private BatchResponseContent batch(BatchRequestContent content) throws Exception {
        return graph.getBatchRequestBuilder().post(content, null);
    }

    private RequestInformation unknown() {
        return meeting.recordings().byCallRecordingId("there-is-none").toGetRequestInformation();
    }

    private void batches() {
        step("batch", () -> {
            var content = new BatchRequestContent(graph);
            var list = content.addBatchRequestStep(meeting.recordings().toGetRequestInformation());
            var other = content.addBatchRequestStep(meeting.transcripts().toGetRequestInformation());
            var answer = batch(content);
            same("statuses", answer.getResponsesStatusCode(), Map.of(list, 200, other, 200));
            var page = answer.getResponseById(list, CallRecordingCollectionResponse::createFromDiscriminatorValue);
            same("recordings", ids(page.getValue()), ids(expected.getAsJsonArray("recordings")));
        });
        step("batch with a failing item", () -> {
            var content = new BatchRequestContent(graph);
            var none = content.addBatchRequestStep(unknown());
            var list = content.addBatchRequestStep(meeting.recordings().toGetRequestInformation());
            same("statuses", batch(content).getResponsesStatusCode(), Map.of(none, 404, list, 200));
        });
        step("batch with dependsOn", () -> {
            var content = new BatchRequestContent(graph);
            var first = content.addBatchRequestStep(unknown());
            var second = content.addBatchRequestStep(meeting.recordings().toGetRequestInformation());
            content.getBatchRequestSteps().get(second).addDependsOnId(first);
            same("statuses", batch(content).getResponsesStatusCode(), Map.of(first, 404, second, 424));
        });
        step("batch with a content", () -> {
            var content = new BatchRequestContent(graph);
            var item = meeting.recordings().byCallRecordingId(text(recordings.get(0), "id")).content();
            var id = content.addBatchRequestStep(item.toGetRequestInformation());
            var answer = batch(content);
            same("statuses", answer.getResponsesStatusCode(), Map.of(id, 200));
            // The body is a text of JSON, with its quotes.
            var text = read(answer.getResponseStreamById(id)).replace("\"", "");
            isContent(new ByteArrayInputStream(Base64.getDecoder().decode(text)), recordings.get(0));
        });
        step("batch with a body", () -> {
            var body = new CreateOrGetPostRequestBody();
            body.setExternalId(UUID.randomUUID().toString());
            body.setSubject("Made in a batch");
            var content = new BatchRequestContent(graph);
            var id = content.addBatchRequestStep(user.onlineMeetings().createOrGet().toPostRequestInformation(body));
            same("statuses", batch(content).getResponsesStatusCode(), Map.of(id, 201));
        });
    }

    public static void main(String[] words) throws Exception {
        System.exit(new Operations().run(words) ? 0 : 1);
    }
}
