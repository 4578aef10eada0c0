// Every operation of the server with msgraph-sdk-go-core, which knows paths and no types.
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
	"strconv"
	"strings"
	"time"

	"example/recordings/connection"
	"example/recordings/steps"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	jsonserialization "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
)

const unattributed = "application/vnd.microsoft.graph.transcript+text"

var same = steps.Same

type graph struct {
	baseURL string
	adapter *core.GraphRequestAdapterBase
	client  *http.Client
}

func connect(credential azcore.TokenCredential) (*graph, error) {
	adapter, client, err := connection.Open(credential)
	if err != nil {
		return nil, err
	}
	return &graph{adapter.GetBaseUrl(), adapter, client}, nil
}

type refused struct {
	status  int
	problem struct {
		Error struct{ Code, Message string }
	}
}

func (why *refused) Error() string {
	return fmt.Sprintf("%d %s: %s", why.status, why.problem.Error.Code, why.problem.Error.Message)
}

type options struct {
	accept string
	body   any
}

func (g *graph) information(method abstractions.HttpMethod, address string, asked options) (*abstractions.RequestInformation, error) {
	if strings.HasPrefix(address, "/") {
		address = g.baseURL + address
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	question := abstractions.NewRequestInformation()
	question.Method = method
	question.SetUri(*parsed)
	question.Headers.Add("Accept", cmp.Or(asked.accept, "application/json"))
	if asked.body != nil {
		content, err := json.Marshal(asked.body)
		if err != nil {
			return nil, err
		}
		question.SetStreamContentAndContentType(content, "application/json")
	}
	return question, nil
}

// send gives the body, for a 2xx.
func (g *graph) send(method abstractions.HttpMethod, address string, asked options) (io.ReadCloser, error) {
	ctx := context.Background()
	question, err := g.information(method, address, asked)
	if err != nil {
		return nil, err
	}
	request, err := g.adapter.ConvertToNativeRequest(ctx, question)
	if err != nil {
		return nil, err
	}
	answer, err := g.client.Do(request.(*http.Request))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < 300 {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	why := &refused{status: answer.StatusCode}
	_ = json.NewDecoder(answer.Body).Decode(&why.problem)
	return nil, why
}

func (g *graph) read(address, accept string) ([]byte, error) {
	body, err := g.send(abstractions.GET, address, options{accept: accept})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// object asks for an object of JSON, and sends one where there is one.
func (g *graph) object(method abstractions.HttpMethod, address string, body, into any) error {
	answer, err := g.send(method, address, options{body: body})
	if err != nil {
		return err
	}
	defer answer.Close()
	return json.NewDecoder(answer).Decode(into)
}

func (g *graph) get(address string, into any) error {
	return g.object(abstractions.GET, address, nil, into)
}

type artifact struct {
	ID, CallID, ContentCorrelationID, CreatedDateTime, MeetingID string

	RecordingContentURL, TranscriptContentURL string
	MeetingOrganizer                          struct{ User struct{ ID string } }
}

type page struct {
	Count     *int   `json:"@odata.count"`
	NextLink  string `json:"@odata.nextLink"`
	DeltaLink string `json:"@odata.deltaLink"`
	Value     []artifact
}

func (page page) ids() []string {
	ids := []string{}
	for _, one := range page.Value {
		ids = append(ids, one.ID)
	}
	return ids
}

type meeting struct {
	ID, Subject, JoinWebURL, ExternalID, StartDateTime string

	JoinMeetingIDSettings struct{ JoinMeetingID string }

	Participants struct {
		Organizer struct {
			Identity struct{ User struct{ ID string } }
		}
	}
}

// gather gives the ids of all pages, and the delta link of the last.
func (g *graph) gather(address string) ([]string, string, error) {
	ids := []string{}
	for {
		var one page
		if err := g.get(address, &one); err != nil {
			return nil, "", err
		}
		ids = append(ids, one.ids()...)
		if one.NextLink == "" {
			return ids, one.DeltaLink, nil
		}
		address = one.NextLink
	}
}

func (g *graph) lists(address string, wanted []string) error {
	ids, _, err := g.gather(address)
	return cmp.Or(err, same("ids", ids, wanted))
}

func (g *graph) everything(address string, wanted []string) error {
	ids, _, err := g.gather(address)
	return cmp.Or(err, same("ids", steps.Sorted(ids), wanted))
}

// changes follows the links to the end, and asks once more from there.
func (g *graph) changes(address string, wanted []string) error {
	ids, link, err := g.gather(address + "?$top=2")
	if err := cmp.Or(err, same("ids", steps.Sorted(ids), steps.Sorted(wanted))); err != nil {
		return err
	}
	again, link, err := g.gather(link)
	return cmp.Or(err, same("ids of the second round", again, []string{}), same("has a deltaLink", link != "", true))
}

func isRecording(found artifact, wanted steps.Artifact) error {
	return errors.Join(
		same("id", found.ID, wanted.ID),
		same("callId", found.CallID, wanted.CallID),
		same("contentCorrelationId", found.ContentCorrelationID, wanted.ContentCorrelationID),
		same("createdDateTime", found.CreatedDateTime, wanted.CreatedDateTime),
		same("organizer", found.MeetingOrganizer.User.ID, wanted.OrganizerID))
}

type suite struct {
	*graph
	me       *graph
	expected steps.Expected
	steps    steps.Steps
	// The meeting that has been made.
	made, joinMeetingID string

	user, meetings, meeting, caller, call string
}

func (s *suite) find(filter, id string) error {
	var found page
	err := s.get(s.meetings+"?$filter="+url.QueryEscape(filter), &found)
	return cmp.Or(err, same("meetings", found.ids(), []string{id}))
}

func (s *suite) aboutMeetings() {
	wanted := s.expected.Meeting
	s.steps.Add("get a meeting", func() error {
		var found meeting
		err := s.get(s.meeting, &found)
		return cmp.Or(err, errors.Join(
			same("id", found.ID, wanted.ID),
			same("subject", found.Subject, wanted.Subject),
			same("joinWebUrl", found.JoinWebURL, wanted.JoinWebURL)))
	})
	s.steps.Add("find a meeting by joinWebUrl", func() error {
		return s.find("JoinWebUrl eq '"+wanted.JoinWebURL+"'", wanted.ID)
	})
	s.steps.Add("create a meeting", func() error {
		body := map[string]string{"subject": "Made by Go", "startDateTime": "2030-01-15T09:00:00Z", "endDateTime": "2030-01-15T10:00:00Z"}
		var found meeting
		err := s.object(abstractions.POST, s.meetings, body, &found)
		s.made, s.joinMeetingID = found.ID, found.JoinMeetingIDSettings.JoinMeetingID
		return cmp.Or(err, errors.Join(
			same("subject", found.Subject, "Made by Go"),
			same("startDateTime", strings.HasPrefix(found.StartDateTime, "2030-01-15T09:00:00"), true),
			same("organizer", found.Participants.Organizer.Identity.User.ID, s.expected.Organizer.ID),
			same("joinWebUrl", strings.HasPrefix(found.JoinWebURL, "https://"), true)))
	})
	s.steps.Add("find a meeting by joinMeetingId", func() error {
		return s.find("joinMeetingIdSettings/joinMeetingId eq '"+s.joinMeetingID+"'", s.made)
	})
	s.steps.Add("create or get a meeting", func() error {
		externalID := "go-" + strconv.FormatInt(time.Now().UnixNano(), 36)
		body := map[string]string{"externalId": externalID, "subject": "Made or got", "startDateTime": "2030-01-16T09:00:00Z", "endDateTime": "2030-01-16T10:00:00Z"}
		var first, second meeting
		err := s.object(abstractions.POST, s.meetings+"/createOrGet", body, &first)
		err = cmp.Or(err, s.object(abstractions.POST, s.meetings+"/createOrGet", body, &second))
		return cmp.Or(err, same("externalId", first.ExternalID, externalID), same("the second time", second.ID, first.ID))
	})
	s.steps.Add("update a meeting", func() error {
		var changed, found meeting
		err := s.object(abstractions.PATCH, s.meetings+"/"+s.made, map[string]string{"subject": "Renamed"}, &changed)
		err = cmp.Or(err, s.get(s.meetings+"/"+s.made, &found))
		return cmp.Or(err, same("in the answer", changed.Subject, "Renamed"), same("afterwards", found.Subject, "Renamed"))
	})
	s.steps.Add("delete a meeting", func() error {
		body, err := s.send(abstractions.DELETE, s.meetings+"/"+s.made, options{})
		if err != nil {
			return err
		}
		body.Close()
		var why *refused
		if err := s.get(s.meetings+"/"+s.made, &meeting{}); !errors.As(err, &why) {
			return cmp.Or(err, errors.New("it is there after it has been deleted"))
		}
		return same("status afterwards", why.status, http.StatusNotFound)
	})
	type person struct{ ID, UserPrincipalName, DisplayName string }
	organizer := person{s.expected.Organizer.ID, s.expected.Organizer.UserPrincipalName, s.expected.Organizer.DisplayName}
	s.steps.Add("get a user", func() error {
		var found person
		err := s.get(s.user, &found)
		return cmp.Or(err, same("user", found, organizer))
	})
	s.steps.Add("get me", func() error {
		var found person
		err := s.me.get("/me", &found)
		return cmp.Or(err, same("user", found, organizer))
	})
}

func (s *suite) aboutRecordings() {
	recordings, list := s.expected.Recordings, s.meeting+"/recordings"
	ids := steps.IDs(recordings)
	s.steps.Add("list recordings", func() error {
		var found page
		err := s.get(list, &found)
		if err := cmp.Or(err, same("recordings", found.ids(), ids)); err != nil {
			return err
		}
		return errors.Join(same("count", *found.Count, len(ids)), isRecording(found.Value[0], recordings[0]))
	})
	s.steps.Add("list my recordings", func() error {
		err := s.me.lists("/me/onlineMeetings/"+s.expected.Meeting.ID+"/recordings", ids)
		return cmp.Or(err, same("path", strings.Contains(steps.LastPath(), "/me/onlineMeetings/"), true))
	})
	s.steps.Add("count recordings", func() error { return s.counts(list, len(ids)) })
	s.steps.Add("filter recordings", func() error {
		filter := url.QueryEscape("contentcorrelationId eq '" + recordings[1].ContentCorrelationID + "'")
		return s.lists(list+"?$filter="+filter, ids[1:2])
	})
	s.steps.Add("select properties of recordings", func() error {
		var found struct{ Value []map[string]string }
		err := s.get(list+"?$select=id,callId", &found)
		for index, one := range found.Value {
			wanted := map[string]string{"id": ids[index], "callId": recordings[index].CallID}
			err = cmp.Or(err, same("properties", one, wanted))
		}
		return cmp.Or(err, same("how many", len(found.Value), len(ids)))
	})
	s.steps.Add("page through recordings", func() error { return s.lists(list+"?$top=1", ids) })
	s.steps.Add("get a recording", func() error {
		var found artifact
		err := s.get(list+"/"+ids[0], &found)
		there, _ := url.PathUnescape(found.RecordingContentURL)
		wanted, _ := url.PathUnescape(recordings[0].ContentURL)
		return cmp.Or(err, errors.Join(
			isRecording(found, recordings[0]),
			same("meetingId", found.MeetingID, s.expected.Meeting.ID),
			same("recordingContentUrl", there, wanted)))
	})
	s.steps.Add("content of a recording", func() error {
		content, err := s.read(list+"/"+ids[1]+"/content", "")
		return cmp.Or(err, steps.IsContent(content, recordings[1]))
	})
	s.steps.Add("download a recording to a file", func() error {
		content, err := s.send(abstractions.GET, recordings[0].ContentURL, options{})
		if err != nil {
			return err
		}
		defer content.Close()
		file, err := os.Create("downloaded.mp4")
		if err != nil {
			return err
		}
		_, err = io.Copy(file, content)
		written, unread := os.ReadFile("downloaded.mp4")
		return cmp.Or(errors.Join(err, file.Close(), unread), steps.IsContent(written, recordings[0]))
	})
}

func (s *suite) counts(list string, wanted int) error {
	text, err := s.read(list+"/$count", "text/plain")
	return cmp.Or(err, same("count", string(text), strconv.Itoa(wanted)))
}

func (s *suite) aboutTranscripts() {
	transcripts, list := s.expected.Transcripts, s.meeting+"/transcripts"
	item := list + "/" + transcripts[0].ID
	s.steps.Add("list transcripts", func() error { return s.lists(list, steps.IDs(transcripts)) })
	s.steps.Add("count transcripts", func() error { return s.counts(list, len(transcripts)) })
	s.steps.Add("get a transcript", func() error {
		var found artifact
		err := s.get(item, &found)
		return cmp.Or(err, errors.Join(
			same("contentCorrelationId", found.ContentCorrelationID, transcripts[0].ContentCorrelationID),
			same("transcriptContentUrl", strings.HasSuffix(found.TranscriptContentURL, "/content"), true)))
	})
	said := func(address, accept string, attributed bool) func() error {
		return func() error {
			content, err := s.read(address, accept)
			return cmp.Or(err, steps.IsSpoken(content, transcripts[0], attributed))
		}
	}
	s.steps.Add("content of a transcript", said(item+"/content", "", true))
	s.steps.Add("content of a transcript as text/vtt", said(item+"/content", "text/vtt", true))
	s.steps.Add("content of a transcript with $format", said(item+"/content?$format=text/vtt", "", true))
	s.steps.Add("content of a transcript without speakers", said(item+"/content", unattributed, false))
	s.steps.Add("metadataContent of a transcript", func() error {
		content, err := s.read(item+"/metadataContent", "")
		return cmp.Or(err, steps.IsMetadata(content, transcripts[0]))
	})
}

func (s *suite) aboutAll() {
	all, between, id := s.expected.All, s.expected.Between, s.expected.Organizer.ID
	dates := "',startDateTime=" + between.Start + ",endDateTime=" + between.End + ")"
	recordings := s.meetings + "/getAllRecordings"
	transcripts := s.meetings + "/getAllTranscripts"
	s.steps.Add("getAllRecordings", func() error {
		return s.everything(recordings+"(meetingOrganizerUserId='"+id+"')", all.Recordings)
	})
	s.steps.Add("getAllRecordings between dates", func() error {
		return s.everything(recordings+"(meetingOrganizerUserId='"+id+dates+"?$top=1", between.Recordings)
	})
	s.steps.Add("getAllRecordings with $filter", func() error {
		filter := url.QueryEscape("MeetingOrganizer/User/Id eq '" + id + "'")
		return s.everything(recordings+"?$filter="+filter, all.Recordings)
	})
	s.steps.Add("getAllRecordings by URL", func() error { return s.everything(all.RecordingsURL, all.Recordings) })
	s.steps.Add("getAllTranscripts", func() error {
		return s.everything(transcripts+"(meetingOrganizerUserId='"+id+"')", all.Transcripts)
	})
	s.steps.Add("getAllTranscripts between dates", func() error {
		return s.everything(transcripts+"(meetingOrganizerUserId='"+id+dates, between.Transcripts)
	})
	s.steps.Add("delta of recordings", func() error {
		return s.changes(s.meeting+"/recordings/delta", steps.IDs(s.expected.Recordings))
	})
	s.steps.Add("delta of transcripts", func() error {
		return s.changes(s.meeting+"/transcripts/delta", steps.IDs(s.expected.Transcripts))
	})
	s.steps.Add("delta of getAllRecordings", func() error { return s.changes(all.RecordingsURL+"/delta", all.Recordings) })
	s.steps.Add("delta of getAllTranscripts", func() error { return s.changes(all.TranscriptsURL+"/delta", all.Transcripts) })
}

func (s *suite) aboutCalls() {
	wanted := s.expected.Call
	recording, transcript := wanted.Recordings[0], wanted.Transcripts[0]
	recordingPath, transcriptPath := s.call+"/recordings/"+recording.ID, s.call+"/transcripts/"+transcript.ID
	s.steps.Add("list calls", func() error { return s.everything(s.caller+"/adhocCalls", wanted.Calls) })
	s.steps.Add("get a call", func() error {
		var found artifact
		err := s.get(s.call, &found)
		return cmp.Or(err, same("id", found.ID, wanted.ID))
	})
	s.steps.Add("list recordings of a call", func() error {
		return s.lists(s.call+"/recordings", steps.IDs(wanted.Recordings))
	})
	s.steps.Add("get a recording of a call", func() error {
		var found artifact
		err := s.get(recordingPath, &found)
		return cmp.Or(err, isRecording(found, recording))
	})
	s.steps.Add("content of a recording of a call", func() error {
		content, err := s.read(recordingPath+"/content", "")
		return cmp.Or(err, steps.IsContent(content, recording))
	})
	s.steps.Add("list transcripts of a call", func() error {
		return s.lists(s.call+"/transcripts", steps.IDs(wanted.Transcripts))
	})
	s.steps.Add("get a transcript of a call", func() error {
		var found artifact
		err := s.get(transcriptPath, &found)
		return cmp.Or(err, same("contentCorrelationId", found.ContentCorrelationID, transcript.ContentCorrelationID))
	})
	s.steps.Add("content of a transcript of a call", func() error {
		content, err := s.read(transcriptPath+"/content", "")
		return cmp.Or(err, steps.IsSpoken(content, transcript, true))
	})
	s.steps.Add("metadataContent of a transcript of a call", func() error {
		content, err := s.read(transcriptPath+"/metadataContent", "")
		return cmp.Or(err, steps.IsMetadata(content, transcript))
	})
	s.steps.Add("getAllRecordings of calls", func() error {
		return s.everything(s.caller+"/adhocCalls/getAllRecordings(userId='"+wanted.UserID+"')", wanted.AllRecordings)
	})
	s.steps.Add("getAllRecordings of calls by URL", func() error {
		return s.everything(wanted.UserURL+"/adhocCalls/getAllRecordings(userId='"+wanted.UserID+"')", wanted.AllRecordings)
	})
	s.steps.Add("getAllTranscripts of calls", func() error {
		return s.everything(s.caller+"/adhocCalls/getAllTranscripts(userId='"+wanted.UserID+"')", wanted.AllTranscripts)
	})
	s.steps.Add("delta of recordings of a call", func() error {
		return s.changes(s.call+"/recordings/delta", steps.IDs(wanted.Recordings))
	})
}

// batch asks for paths, in their order, and gives what each is answered; the others depend on the first where it is said.
func (s *suite) batch(depends bool, paths ...string) ([]core.BatchItem, error) {
	var questions []*abstractions.RequestInformation
	for _, path := range paths {
		question, err := s.information(abstractions.GET, path, options{})
		if err != nil {
			return nil, err
		}
		questions = append(questions, question)
	}
	return s.together(depends, questions...)
}

func (s *suite) together(depends bool, questions ...*abstractions.RequestInformation) ([]core.BatchItem, error) {
	batch := core.NewBatchRequest(s.adapter)
	var items []core.BatchItem
	for _, question := range questions {
		item, err := batch.AddBatchRequestStep(*question)
		if err != nil {
			return nil, err
		}
		if depends && len(items) > 0 {
			item.DependsOnItem(items[0])
		}
		items = append(items, item)
	}
	answer, err := batch.Send(context.Background(), s.adapter)
	if err != nil {
		return nil, err
	}
	var answers []core.BatchItem
	for _, item := range items {
		answers = append(answers, answer.GetResponseById(*item.GetId()))
	}
	return answers, nil
}

func statuses(items []core.BatchItem) (found []int32) {
	for _, item := range items {
		found = append(found, *item.GetStatus())
	}
	return found
}

func (s *suite) aboutBatches() {
	list, unknown := s.meeting+"/recordings", s.meeting+"/recordings/there-is-none"
	s.steps.Add("batch", func() error {
		found, err := s.batch(false, list, s.meeting+"/transcripts")
		if err := cmp.Or(err, same("statuses", statuses(found), []int32{200, 200})); err != nil {
			return err
		}
		text, err := json.Marshal(found[0].GetBody())
		var first page
		err = cmp.Or(err, json.Unmarshal(text, &first))
		return cmp.Or(err, same("recordings", first.ids(), steps.IDs(s.expected.Recordings)))
	})
	s.steps.Add("batch with a failing item", func() error {
		found, err := s.batch(false, unknown, list)
		return cmp.Or(err, same("statuses", statuses(found), []int32{404, 200}))
	})
	s.steps.Add("batch with dependsOn", func() error {
		found, err := s.batch(true, unknown, list)
		return cmp.Or(err, same("statuses", statuses(found), []int32{404, 424}))
	})
	s.steps.Add("batch with a content", func() error {
		_, err := s.batch(false, list+"/"+s.expected.Recordings[0].ID+"/content")
		if err != nil && strings.Contains(err.Error(), "interface was not a map") {
			return steps.Cannot("it reads no body that is not an object")
		}
		return cmp.Or(err, errors.New("it reads a body that is a text: look at it"))
	})
	s.steps.Add("batch with a body", func() error {
		body := map[string]string{"externalId": "go-" + strconv.FormatInt(time.Now().UnixNano(), 36), "subject": "Made in a batch"}
		question, err := s.information(abstractions.POST, s.meetings+"/createOrGet", options{body: body})
		if err != nil {
			return err
		}
		found, err := s.together(false, question)
		return cmp.Or(err, same("statuses", statuses(found), []int32{201}))
	})
}

func run() (int, error) {
	abstractions.RegisterDefaultSerializer(func() serialization.SerializationWriterFactory {
		return jsonserialization.NewJsonSerializationWriterFactory()
	})
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory {
		return jsonserialization.NewJsonParseNodeFactory()
	})
	expected, err := steps.Read()
	if err != nil {
		return 1, err
	}
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return 1, err
	}
	client, err := connect(credential)
	if err != nil {
		return 1, err
	}
	me, err := connect(connection.Given(expected.OrganizerToken))
	if err != nil {
		return 1, err
	}
	user, caller := "/users/"+expected.Organizer.ID, "/users/"+expected.Call.UserID
	s := suite{
		graph: client, me: me, expected: expected,
		user: user, meetings: user + "/onlineMeetings", meeting: user + "/onlineMeetings/" + expected.Meeting.ID,
		caller: caller, call: caller + "/adhocCalls/" + expected.Call.ID,
	}
	s.aboutMeetings()
	s.aboutRecordings()
	s.aboutTranscripts()
	s.aboutAll()
	s.aboutCalls()
	s.aboutBatches()
	return s.steps.Run(os.Args[1:]), nil
}

func main() {
	log.SetFlags(0)
	status, err := run()
	if err != nil {
		log.Fatal(err)
	}
	os.Exit(status)
}
