// Every operation of the server with msgraph-sdk-go: by its typed builders, and by a URL where it has none.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
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
	textserialization "github.com/microsoft/kiota-serialization-text-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

const (
	unattributed = "application/vnd.microsoft.graph.transcript+text"
	noCalls      = steps.Cannot("it has no adhocCalls")
)

var (
	same       = steps.Same
	background = context.Background()
)

func to[T any](value T) *T { return &value }

func text(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

// said makes words of an error of the library.
func said(err error) error {
	var refused *odataerrors.ODataError
	if errors.As(err, &refused) && refused.GetErrorEscaped() != nil {
		problem := refused.GetErrorEscaped()
		return fmt.Errorf("%d %s: %s", refused.ResponseStatusCode, text(problem.GetCode()), text(problem.GetMessage()))
	}
	return err
}

type entity interface{ GetId() *string }

func ids[T entity](items []T) []string {
	found := []string{}
	for _, one := range items {
		found = append(found, text(one.GetId()))
	}
	return found
}

// connect gives what `client.Users().ByUserId(id)` and `client.Me()` do. The client itself needs every package of the library,
// and so many minutes to be compiled.
func connect(credential azcore.TokenCredential, user string) (*users.UserItemRequestBuilder, *core.GraphRequestAdapterBase, error) {
	adapter, _, err := connection.Open(credential)
	if err != nil {
		return nil, nil, err
	}
	parameters := map[string]string{"baseurl": adapter.GetBaseUrl(), "user%2Did": user}
	return users.NewUserItemRequestBuilderInternal(parameters, adapter), adapter, nil
}

// page is one of a list or of a delta.
type page struct {
	ids         []string
	next, delta *string
}

type follow func(link string) (page, error)

func (follow follow) gather(one page, err error) ([]string, string, error) {
	found := one.ids
	for err == nil && one.next != nil {
		one, err = follow(*one.next)
		found = append(found, one.ids...)
	}
	return found, text(one.delta), err
}

func (follow follow) everything(first page, err error, wanted []string) error {
	found, _, err := follow.gather(first, err)
	return cmp.Or(err, same("ids", steps.Sorted(found), wanted))
}

// changes follows the links to the end, and asks once more from there.
func (follow follow) changes(first page, err error, wanted []string) error {
	found, link, err := follow.gather(first, err)
	if err := cmp.Or(err, same("ids", steps.Sorted(found), steps.Sorted(wanted))); err != nil {
		return err
	}
	again, link, err := follow.gather(follow(link))
	return cmp.Or(err, same("ids of the second round", again, []string{}), same("has a deltaLink", link != "", true))
}

type suite struct {
	adapter  *core.GraphRequestAdapterBase
	user, me *users.UserItemRequestBuilder
	meeting  *users.ItemOnlineMeetingsOnlineMeetingItemRequestBuilder
	expected steps.Expected
	steps    steps.Steps
	// The meeting that has been made.
	made, joinMeetingID string
}

func (s *suite) add(name string, run func() error) {
	s.steps.Add(name, func() error { return said(run()) })
}

func isRecording(found models.CallRecordingable, wanted steps.Artifact) error {
	created, err := time.Parse(time.RFC3339Nano, wanted.CreatedDateTime)
	return cmp.Or(err, errors.Join(
		same("id", text(found.GetId()), wanted.ID),
		same("callId", text(found.GetCallId()), wanted.CallID),
		same("contentCorrelationId", text(found.GetContentCorrelationId()), wanted.ContentCorrelationID),
		same("createdDateTime", found.GetCreatedDateTime().UTC(), created.UTC()),
		same("organizer", text(found.GetMeetingOrganizer().GetUser().GetId()), wanted.OrganizerID)))
}

func (s *suite) find(filter, id string) error {
	query := users.ItemOnlineMeetingsRequestBuilderGetQueryParameters{Filter: &filter}
	found, err := s.user.OnlineMeetings().Get(background,
		&users.ItemOnlineMeetingsRequestBuilderGetRequestConfiguration{QueryParameters: &query})
	if err != nil {
		return err
	}
	return same("meetings", ids(found.GetValue()), []string{id})
}

func (s *suite) aboutMeetings() {
	wanted, meetings := s.expected.Meeting, s.user.OnlineMeetings()
	s.add("get a meeting", func() error {
		found, err := s.meeting.Get(background, nil)
		if err != nil {
			return err
		}
		return errors.Join(
			same("id", text(found.GetId()), wanted.ID),
			same("subject", text(found.GetSubject()), wanted.Subject),
			same("joinWebUrl", text(found.GetJoinWebUrl()), wanted.JoinWebURL))
	})
	s.add("find a meeting by joinWebUrl", func() error {
		return s.find("JoinWebUrl eq '"+wanted.JoinWebURL+"'", wanted.ID)
	})
	start := time.Date(2030, 1, 15, 9, 0, 0, 0, time.UTC)
	s.add("create a meeting", func() error {
		body := models.NewOnlineMeeting()
		body.SetSubject(to("Made by Go"))
		body.SetStartDateTime(&start)
		body.SetEndDateTime(to(start.Add(time.Hour)))
		found, err := meetings.Post(background, body, nil)
		if err != nil {
			return err
		}
		s.made, s.joinMeetingID = text(found.GetId()), text(found.GetJoinMeetingIdSettings().GetJoinMeetingId())
		return errors.Join(
			same("subject", text(found.GetSubject()), "Made by Go"),
			same("startDateTime", found.GetStartDateTime().UTC(), start),
			same("organizer", text(found.GetParticipants().GetOrganizer().GetIdentity().GetUser().GetId()), s.expected.Organizer.ID),
			same("joinWebUrl", strings.HasPrefix(text(found.GetJoinWebUrl()), "https://"), true))
	})
	s.add("find a meeting by joinMeetingId", func() error {
		return s.find("joinMeetingIdSettings/joinMeetingId eq '"+s.joinMeetingID+"'", s.made)
	})
	s.add("create or get a meeting", func() error {
		body := users.NewItemOnlineMeetingsCreateOrGetPostRequestBody()
		externalID := "go-sdk-" + strconv.FormatInt(time.Now().UnixNano(), 36)
		body.SetExternalId(&externalID)
		body.SetSubject(to("Made or got"))
		body.SetStartDateTime(&start)
		body.SetEndDateTime(to(start.Add(time.Hour)))
		first, err := meetings.CreateOrGet().Post(background, body, nil)
		if err != nil {
			return err
		}
		second, err := meetings.CreateOrGet().Post(background, body, nil)
		if err != nil {
			return err
		}
		return errors.Join(
			same("externalId", text(first.GetExternalId()), externalID),
			same("the second time", text(second.GetId()), text(first.GetId())))
	})
	s.add("update a meeting", func() error {
		item := meetings.ByOnlineMeetingId(s.made)
		body := models.NewOnlineMeeting()
		body.SetSubject(to("Renamed"))
		changed, err := item.Patch(background, body, nil)
		if err != nil {
			return err
		}
		found, err := item.Get(background, nil)
		if err != nil {
			return err
		}
		return errors.Join(
			same("in the answer", text(changed.GetSubject()), "Renamed"),
			same("afterwards", text(found.GetSubject()), "Renamed"))
	})
	s.add("delete a meeting", func() error {
		item := meetings.ByOnlineMeetingId(s.made)
		if err := item.Delete(background, nil); err != nil {
			return err
		}
		_, err := item.Get(background, nil)
		var refused *odataerrors.ODataError
		if !errors.As(err, &refused) {
			return cmp.Or(err, errors.New("it is there after it has been deleted"))
		}
		return same("status afterwards", refused.ResponseStatusCode, 404)
	})
	organizer := s.expected.Organizer
	isOrganizer := func(found models.Userable, err error) error {
		if err != nil {
			return err
		}
		return errors.Join(
			same("id", text(found.GetId()), organizer.ID),
			same("displayName", text(found.GetDisplayName()), organizer.DisplayName))
	}
	s.add("get a user", func() error { return isOrganizer(s.user.Get(background, nil)) })
	s.add("get me", func() error { return isOrganizer(s.me.Get(background, nil)) })
}

type (
	recordingsQuery  = users.ItemOnlineMeetingsItemRecordingsRequestBuilderGetQueryParameters
	recordingsAsking = users.ItemOnlineMeetingsItemRecordingsRequestBuilderGetRequestConfiguration
)

func (s *suite) aboutRecordings() {
	recordings, builder := s.expected.Recordings, s.meeting.Recordings()
	wanted := steps.IDs(recordings)
	list := func(query recordingsQuery) (models.CallRecordingCollectionResponseable, error) {
		return builder.Get(background, &recordingsAsking{QueryParameters: &query})
	}
	s.add("list recordings", func() error {
		found, err := builder.Get(background, nil)
		if err != nil {
			return err
		}
		return errors.Join(
			same("recordings", ids(found.GetValue()), wanted),
			same("count", *found.GetOdataCount(), int64(len(wanted))),
			isRecording(found.GetValue()[0], recordings[0]))
	})
	s.add("list my recordings", func() error {
		found, err := s.me.OnlineMeetings().ByOnlineMeetingId(s.expected.Meeting.ID).Recordings().Get(background, nil)
		if err != nil {
			return err
		}
		return errors.Join(
			same("recordings", ids(found.GetValue()), wanted),
			same("path", strings.Contains(steps.LastPath(), "/me/onlineMeetings/"), true))
	})
	s.add("count recordings", func() error {
		found, err := builder.Count().Get(background, nil)
		if err != nil {
			return err
		}
		return same("count", *found, int32(len(wanted)))
	})
	s.add("filter recordings", func() error {
		filter := "contentcorrelationId eq '" + recordings[1].ContentCorrelationID + "'"
		found, err := list(recordingsQuery{Filter: &filter})
		if err != nil {
			return err
		}
		return same("recordings", ids(found.GetValue()), wanted[1:2])
	})
	s.add("select properties of recordings", func() error {
		found, err := list(recordingsQuery{Select: []string{"id", "callId"}})
		if err != nil {
			return err
		}
		for index, one := range found.GetValue() {
			err = cmp.Or(err, same("callId", text(one.GetCallId()), recordings[index].CallID))
			err = cmp.Or(err, same("has createdDateTime", one.GetCreatedDateTime() != nil, false))
		}
		return err
	})
	s.add("page through recordings", func() error {
		first, err := list(recordingsQuery{Top: to(int32(1))})
		if err != nil {
			return err
		}
		pages, err := core.NewPageIterator[models.CallRecordingable](first, s.adapter,
			models.CreateCallRecordingCollectionResponseFromDiscriminatorValue)
		if err != nil {
			return err
		}
		var seen []string
		err = pages.Iterate(background, func(one models.CallRecordingable) bool {
			seen = append(seen, text(one.GetId()))
			return true
		})
		return cmp.Or(err, same("recordings", seen, wanted))
	})
	s.add("get a recording", func() error {
		found, err := builder.ByCallRecordingId(wanted[0]).Get(background, nil)
		if err != nil {
			return err
		}
		there, _ := url.PathUnescape(text(found.GetRecordingContentUrl()))
		url, _ := url.PathUnescape(recordings[0].ContentURL)
		return errors.Join(
			isRecording(found, recordings[0]),
			same("meetingId", text(found.GetMeetingId()), s.expected.Meeting.ID),
			same("recordingContentUrl", there, url))
	})
	s.add("content of a recording", func() error {
		content, err := builder.ByCallRecordingId(wanted[1]).Content().Get(background, nil)
		return cmp.Or(err, steps.IsContent(content, recordings[1]))
	})
	s.add("download a recording to a file", func() error {
		content, err := builder.ByCallRecordingId(wanted[0]).Content().WithUrl(recordings[0].ContentURL).Get(background, nil)
		if err != nil {
			return err
		}
		err = os.WriteFile("downloaded.mp4", content, 0o600)
		written, unread := os.ReadFile("downloaded.mp4")
		return cmp.Or(err, unread, steps.IsContent(written, recordings[0]))
	})
}

func (s *suite) aboutTranscripts() {
	transcripts, builder := s.expected.Transcripts, s.meeting.Transcripts()
	item := builder.ByCallTranscriptId(transcripts[0].ID)
	s.add("list transcripts", func() error {
		found, err := builder.Get(background, nil)
		if err != nil {
			return err
		}
		return same("transcripts", ids(found.GetValue()), steps.IDs(transcripts))
	})
	s.add("count transcripts", func() error {
		found, err := builder.Count().Get(background, nil)
		if err != nil {
			return err
		}
		return same("count", *found, int32(len(transcripts)))
	})
	s.add("get a transcript", func() error {
		found, err := item.Get(background, nil)
		if err != nil {
			return err
		}
		return errors.Join(
			same("contentCorrelationId", text(found.GetContentCorrelationId()), transcripts[0].ContentCorrelationID),
			same("transcriptContentUrl", strings.HasSuffix(text(found.GetTranscriptContentUrl()), "/content"), true))
	})
	accepting := func(accept string, attributed bool) func() error {
		return func() error {
			headers := abstractions.NewRequestHeaders()
			headers.Add("Accept", accept)
			content, err := item.Content().Get(background,
				&users.ItemOnlineMeetingsItemTranscriptsItemContentRequestBuilderGetRequestConfiguration{Headers: headers})
			return cmp.Or(err, steps.IsSpoken(content, transcripts[0], attributed))
		}
	}
	s.add("content of a transcript", func() error {
		content, err := item.Content().Get(background, nil)
		return cmp.Or(err, steps.IsSpoken(content, transcripts[0], true))
	})
	s.add("content of a transcript as text/vtt", accepting("text/vtt", true))
	s.add("content of a transcript with $format", func() error {
		address := s.expected.Meeting.URL + "/transcripts/" + transcripts[0].ID + "/content?$format=text/vtt"
		content, err := item.Content().WithUrl(address).Get(background, nil)
		return cmp.Or(err, steps.IsSpoken(content, transcripts[0], true))
	})
	s.add("content of a transcript without speakers", accepting(unattributed, false))
	s.add("metadataContent of a transcript", func() error {
		content, err := item.MetadataContent().Get(background, nil)
		return cmp.Or(err, steps.IsMetadata(content, transcripts[0]))
	})
}

type (
	allRecordings       = users.ItemOnlineMeetingsGetAllRecordingsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTimeRequestBuilder
	allRecordingsQuery  = users.ItemOnlineMeetingsGetAllRecordingsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTimeRequestBuilderGetQueryParameters
	allRecordingsAsking = users.ItemOnlineMeetingsGetAllRecordingsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTimeRequestBuilderGetRequestConfiguration

	allTranscripts       = users.ItemOnlineMeetingsGetAllTranscriptsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTimeRequestBuilder
	allTranscriptsQuery  = users.ItemOnlineMeetingsGetAllTranscriptsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTimeRequestBuilderGetQueryParameters
	allTranscriptsAsking = users.ItemOnlineMeetingsGetAllTranscriptsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTimeRequestBuilderGetRequestConfiguration
)

func pageOfRecordings(builder *allRecordings, asking *allRecordingsAsking) (page, error) {
	found, err := builder.GetAsGetAllRecordingsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTimeGetResponse(background, asking)
	if err != nil {
		return page{}, err
	}
	return page{ids(found.GetValue()), found.GetOdataNextLink(), nil}, nil
}

func pageOfTranscripts(builder *allTranscripts, asking *allTranscriptsAsking) (page, error) {
	found, err := builder.GetAsGetAllTranscriptsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTimeGetResponse(background, asking)
	if err != nil {
		return page{}, err
	}
	return page{ids(found.GetValue()), found.GetOdataNextLink(), nil}, nil
}

// withDates runs what the library ends in a panic, as it does wherever query parameters have a date among them, set or not.
func withDates(run func() error) (err error) {
	defer func() {
		if steps.Sent() > 0 {
			return
		}
		if why := recover(); why != nil {
			err = steps.Cannot("it panics where parameters can have a date")
		}
	}()
	return run()
}

func (s *suite) aboutAll() {
	all, between, organizer := s.expected.All, s.expected.Between, s.expected.Organizer
	recordings := s.user.OnlineMeetings().GetAllRecordingsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTime()
	transcripts := s.user.OnlineMeetings().GetAllTranscriptsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTime()
	var followRecordings follow = func(link string) (page, error) { return pageOfRecordings(recordings.WithUrl(link), nil) }
	var followTranscripts follow = func(link string) (page, error) { return pageOfTranscripts(transcripts.WithUrl(link), nil) }
	start, _ := time.Parse(time.RFC3339Nano, between.Start)
	end, _ := time.Parse(time.RFC3339Nano, between.End)

	typedRecordings := func(query allRecordingsQuery, wanted []string) func() error {
		return func() error {
			return withDates(func() error {
				first, err := pageOfRecordings(recordings, &allRecordingsAsking{QueryParameters: &query})
				return followRecordings.everything(first, err, wanted)
			})
		}
	}
	typedTranscripts := func(query allTranscriptsQuery, wanted []string) func() error {
		return func() error {
			return withDates(func() error {
				first, err := pageOfTranscripts(transcripts, &allTranscriptsAsking{QueryParameters: &query})
				return followTranscripts.everything(first, err, wanted)
			})
		}
	}
	s.add("getAllRecordings", typedRecordings(allRecordingsQuery{MeetingOrganizerUserId: &organizer.ID}, all.Recordings))
	s.add("getAllRecordings between dates", typedRecordings(
		allRecordingsQuery{MeetingOrganizerUserId: &organizer.ID, StartDateTime: &start, EndDateTime: &end}, between.Recordings))
	byURL := func(address string) func() error {
		return func() error {
			first, err := followRecordings(address)
			return followRecordings.everything(first, err, all.Recordings)
		}
	}
	filter := url.QueryEscape("MeetingOrganizer/User/Id eq '" + organizer.ID + "'")
	s.add("getAllRecordings with $filter", byURL(organizer.URL+"/onlineMeetings/getAllRecordings?$filter="+filter))
	s.add("getAllRecordings by URL", byURL(all.RecordingsURL))
	s.add("getAllTranscripts", typedTranscripts(allTranscriptsQuery{MeetingOrganizerUserId: &organizer.ID}, all.Transcripts))
	s.add("getAllTranscripts between dates", typedTranscripts(
		allTranscriptsQuery{MeetingOrganizerUserId: &organizer.ID, StartDateTime: &start, EndDateTime: &end}, between.Transcripts))
}

func (s *suite) deltaOfRecordings(address string) (page, error) {
	found, err := s.meeting.Recordings().Delta().WithUrl(address).GetAsDeltaGetResponse(background, nil)
	if err != nil {
		return page{}, err
	}
	return page{ids(found.GetValue()), found.GetOdataNextLink(), found.GetOdataDeltaLink()}, nil
}

func (s *suite) deltaOfTranscripts(address string) (page, error) {
	found, err := s.meeting.Transcripts().Delta().WithUrl(address).GetAsDeltaGetResponse(background, nil)
	if err != nil {
		return page{}, err
	}
	return page{ids(found.GetValue()), found.GetOdataNextLink(), found.GetOdataDeltaLink()}, nil
}

func (s *suite) aboutChanges() {
	var recordings follow = s.deltaOfRecordings
	var transcripts follow = s.deltaOfTranscripts
	s.add("delta of recordings", func() error {
		query := users.ItemOnlineMeetingsItemRecordingsDeltaRequestBuilderGetQueryParameters{Top: to(int32(2))}
		found, err := s.meeting.Recordings().Delta().GetAsDeltaGetResponse(background,
			&users.ItemOnlineMeetingsItemRecordingsDeltaRequestBuilderGetRequestConfiguration{QueryParameters: &query})
		if err != nil {
			return err
		}
		first := page{ids(found.GetValue()), found.GetOdataNextLink(), found.GetOdataDeltaLink()}
		return recordings.changes(first, nil, steps.IDs(s.expected.Recordings))
	})
	s.add("delta of transcripts", func() error {
		query := users.ItemOnlineMeetingsItemTranscriptsDeltaRequestBuilderGetQueryParameters{Top: to(int32(2))}
		found, err := s.meeting.Transcripts().Delta().GetAsDeltaGetResponse(background,
			&users.ItemOnlineMeetingsItemTranscriptsDeltaRequestBuilderGetRequestConfiguration{QueryParameters: &query})
		if err != nil {
			return err
		}
		first := page{ids(found.GetValue()), found.GetOdataNextLink(), found.GetOdataDeltaLink()}
		return transcripts.changes(first, nil, steps.IDs(s.expected.Transcripts))
	})
	s.add("delta of getAllRecordings", func() error {
		first, err := recordings(s.expected.All.RecordingsURL + "/delta?$top=2")
		return recordings.changes(first, err, s.expected.All.Recordings)
	})
	s.add("delta of getAllTranscripts", func() error {
		first, err := transcripts(s.expected.All.TranscriptsURL + "/delta?$top=2")
		return transcripts.changes(first, err, s.expected.All.Transcripts)
	})
}

// aboutCalls asks by URL: this version of the library has no builders for calls, and those for meetings read the same answers.
func (s *suite) aboutCalls() {
	wanted := s.expected.Call
	recording, transcript := wanted.Recordings[0], wanted.Transcripts[0]
	item := s.meeting.Recordings().ByCallRecordingId(recording.ID)
	said := s.meeting.Transcripts().ByCallTranscriptId(transcript.ID)
	recordingURL, transcriptURL := wanted.URL+"/recordings/"+recording.ID, wanted.URL+"/transcripts/"+transcript.ID
	s.add("list calls", func() error { return noCalls })
	s.add("get a call", func() error { return noCalls })
	s.add("list recordings of a call", func() error {
		found, err := s.meeting.Recordings().WithUrl(wanted.URL+"/recordings").Get(background, nil)
		if err != nil {
			return err
		}
		return same("recordings", ids(found.GetValue()), steps.IDs(wanted.Recordings))
	})
	s.add("get a recording of a call", func() error {
		found, err := item.WithUrl(recordingURL).Get(background, nil)
		if err != nil {
			return err
		}
		return isRecording(found, recording)
	})
	s.add("content of a recording of a call", func() error {
		content, err := item.Content().WithUrl(recordingURL+"/content").Get(background, nil)
		return cmp.Or(err, steps.IsContent(content, recording))
	})
	s.add("list transcripts of a call", func() error {
		found, err := s.meeting.Transcripts().WithUrl(wanted.URL+"/transcripts").Get(background, nil)
		if err != nil {
			return err
		}
		return same("transcripts", ids(found.GetValue()), steps.IDs(wanted.Transcripts))
	})
	s.add("get a transcript of a call", func() error {
		found, err := said.WithUrl(transcriptURL).Get(background, nil)
		if err != nil {
			return err
		}
		return same("contentCorrelationId", text(found.GetContentCorrelationId()), transcript.ContentCorrelationID)
	})
	s.add("content of a transcript of a call", func() error {
		content, err := said.Content().WithUrl(transcriptURL+"/content").Get(background, nil)
		return cmp.Or(err, steps.IsSpoken(content, transcript, true))
	})
	s.add("metadataContent of a transcript of a call", func() error {
		content, err := said.MetadataContent().WithUrl(transcriptURL+"/metadataContent").Get(background, nil)
		return cmp.Or(err, steps.IsMetadata(content, transcript))
	})
	recordings := s.user.OnlineMeetings().GetAllRecordingsmeetingOrganizerUserIdMeetingOrganizerUserIdWithStartDateTimeWithEndDateTime()
	var deltas follow = s.deltaOfRecordings
	var links follow = func(link string) (page, error) { return pageOfRecordings(recordings.WithUrl(link), nil) }
	s.add("getAllRecordings of calls", func() error { return noCalls })
	s.add("getAllRecordings of calls by URL", func() error {
		first, err := links(wanted.UserURL + "/adhocCalls/getAllRecordings(userId='" + wanted.UserID + "')")
		return links.everything(first, err, wanted.AllRecordings)
	})
	s.add("getAllTranscripts of calls", func() error { return noCalls })
	s.add("delta of recordings of a call", func() error {
		first, err := s.deltaOfRecordings(wanted.URL + "/recordings/delta?$top=2")
		return deltas.changes(first, err, steps.IDs(wanted.Recordings))
	})
}

// batch sends requests, in their order; each depends on the first where it is said.
func (s *suite) batch(depends bool, questions ...*abstractions.RequestInformation) (core.BatchResponse, []core.BatchItem, error) {
	batch := core.NewBatchRequest(s.adapter)
	var items []core.BatchItem
	for _, question := range questions {
		item, err := batch.AddBatchRequestStep(*question)
		if err != nil {
			return nil, nil, err
		}
		if depends && len(items) > 0 {
			item.DependsOnItem(items[0])
		}
		items = append(items, item)
	}
	answer, err := batch.Send(background, s.adapter)
	return answer, items, err
}

func statuses(answer core.BatchResponse, items []core.BatchItem) (found []int32) {
	for _, item := range items {
		found = append(found, *answer.GetResponseById(*item.GetId()).GetStatus())
	}
	return found
}

func (s *suite) aboutBatches() {
	list := func() *abstractions.RequestInformation {
		question, _ := s.meeting.Recordings().ToGetRequestInformation(background, nil)
		return question
	}
	unknown := func() *abstractions.RequestInformation {
		question, _ := s.meeting.Recordings().ByCallRecordingId("there-is-none").ToGetRequestInformation(background, nil)
		return question
	}
	s.add("batch", func() error {
		answer, items, err := s.batch(false, list(), list())
		if err != nil {
			return err
		}
		found, err := core.GetBatchResponseById[models.CallRecordingCollectionResponseable](
			answer, *items[0].GetId(), models.CreateCallRecordingCollectionResponseFromDiscriminatorValue)
		if err != nil {
			return err
		}
		return errors.Join(
			same("statuses", statuses(answer, items), []int32{200, 200}),
			same("recordings", ids(found.GetValue()), steps.IDs(s.expected.Recordings)))
	})
	s.add("batch with a failing item", func() error {
		answer, items, err := s.batch(false, unknown(), list())
		if err != nil {
			return err
		}
		return same("statuses", statuses(answer, items), []int32{404, 200})
	})
	s.add("batch with dependsOn", func() error {
		answer, items, err := s.batch(true, unknown(), list())
		if err != nil {
			return err
		}
		return same("statuses", statuses(answer, items), []int32{404, 424})
	})
	s.add("batch with a content", func() error {
		item := s.meeting.Recordings().ByCallRecordingId(s.expected.Recordings[0].ID)
		question, err := item.Content().ToGetRequestInformation(background, nil)
		if err != nil {
			return err
		}
		_, _, err = s.batch(false, question)
		if err != nil && strings.Contains(err.Error(), "interface was not a map") {
			return steps.Cannot("it reads no body that is not an object")
		}
		return cmp.Or(err, errors.New("it reads a body that is a text: look at it"))
	})
	s.add("batch with a body", func() error {
		body := users.NewItemOnlineMeetingsCreateOrGetPostRequestBody()
		body.SetExternalId(to("go-sdk-" + strconv.FormatInt(time.Now().UnixNano(), 36)))
		body.SetSubject(to("Made in a batch"))
		question, err := s.user.OnlineMeetings().CreateOrGet().ToPostRequestInformation(background, body, nil)
		if err != nil {
			return err
		}
		answer, items, err := s.batch(false, question)
		if err != nil {
			return err
		}
		return same("statuses", statuses(answer, items), []int32{201})
	})
}

func run() (int, error) {
	abstractions.RegisterDefaultSerializer(func() serialization.SerializationWriterFactory {
		return jsonserialization.NewJsonSerializationWriterFactory()
	})
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory {
		return jsonserialization.NewJsonParseNodeFactory()
	})
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory {
		return textserialization.NewTextParseNodeFactory()
	})
	expected, err := steps.Read()
	if err != nil {
		return 1, err
	}
	credential, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return 1, err
	}
	user, adapter, err := connect(credential, expected.Organizer.ID)
	if err != nil {
		return 1, err
	}
	me, _, err := connect(connection.Given(expected.OrganizerToken), "me-token-to-replace")
	if err != nil {
		return 1, err
	}
	s := suite{
		adapter: adapter, user: user, me: me, expected: expected,
		meeting: user.OnlineMeetings().ByOnlineMeetingId(expected.Meeting.ID),
	}
	s.aboutMeetings()
	s.aboutRecordings()
	s.aboutTranscripts()
	s.aboutAll()
	s.aboutChanges()
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
