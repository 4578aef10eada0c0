// Package steps runs operations that have names, and knows what their answers have to hold. For each operation it prints a line
// `NAME: requests N` or `NAME: cannot WHY`, and everything that is wrong at the end.
package steps

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
)

// Cannot is what the library is not able to do.
type Cannot string

func (why Cannot) Error() string { return string(why) }

// Cue is one thing that is said.
type Cue struct{ Speaker, Text string }

// Artifact is a recording or a transcript.
type Artifact struct {
	ID, CallID, ContentCorrelationID, CreatedDateTime, OrganizerID, ContentURL, SHA256 string

	Bytes int
	Cues  []Cue
}

// Expected is what the answers have to hold.
type Expected struct {
	BaseURL, OrganizerToken string
	Organizer               struct{ ID, UserPrincipalName, DisplayName, URL string }
	Meeting                 struct{ ID, Subject, JoinWebURL, URL string }
	Recordings, Transcripts []Artifact
	All                     struct {
		Recordings, Transcripts       []string
		RecordingsURL, TranscriptsURL string
	}
	Between struct {
		Recordings, Transcripts []string
		Start, End              string
	}
	Call struct {
		ID, UserID, UserURL, URL             string
		Calls, AllRecordings, AllTranscripts []string
		Recordings, Transcripts              []Artifact
	}
}

// Read reads the file that OPERATIONS_EXPECTED names.
func Read() (expected Expected, err error) {
	text, err := os.ReadFile(os.Getenv("OPERATIONS_EXPECTED"))
	if err == nil {
		err = json.Unmarshal(text, &expected)
	}
	return expected, err
}

// Counting counts what is sent, below everything that sends again.
type Counting struct{ Parent http.RoundTripper }

var (
	sent atomic.Int64
	last atomic.Value
)

// RoundTrip implements http.RoundTripper.
func (counting Counting) RoundTrip(request *http.Request) (*http.Response, error) {
	sent.Add(1)
	last.Store(request.URL.Path)
	return counting.Parent.RoundTrip(request)
}

// Sent is how many requests the running step has sent.
func Sent() int64 { return sent.Load() }

// LastPath is the path of the last request.
func LastPath() string { return last.Load().(string) }

type step struct {
	name string
	run  func() error
}

// Steps are run in their order.
type Steps []step

// Add adds one.
func (steps *Steps) Add(name string, run func() error) { *steps = append(*steps, step{name, run}) }

// Run runs those whose names contain one of the words, or all. It gives the status to end with.
func (steps Steps) Run(words []string) int {
	var wrong []string
	for _, step := range steps {
		isMeant := func(word string) bool { return strings.Contains(step.name, word) }
		if len(words) > 0 && !slices.ContainsFunc(words, isMeant) {
			continue
		}
		sent.Store(0)
		err := guarded(step.run)
		var cannot Cannot
		switch {
		case err == nil:
			fmt.Printf("%s: requests %d\n", step.name, sent.Load())
		case errors.As(err, &cannot):
			fmt.Printf("%s: cannot %s\n", step.name, cannot)
		default:
			wrong = append(wrong, fmt.Sprintf("%s: %s", step.name, err))
		}
	}
	for _, line := range wrong {
		fmt.Fprintln(os.Stderr, line)
	}
	return min(len(wrong), 1)
}

// guarded makes an error of a panic.
func guarded(run func() error) (err error) {
	defer func() {
		if why := recover(); why != nil {
			err = fmt.Errorf("panic: %v", why)
		}
	}()
	return run()
}

// Same compares what is found with what is wanted.
func Same(what string, found, wanted any) error {
	if reflect.DeepEqual(found, wanted) {
		return nil
	}
	return fmt.Errorf("%s: %v in the place of %v", what, found, wanted)
}

// IDs are those of artifacts in their order.
func IDs(artifacts []Artifact) []string {
	var ids []string
	for _, one := range artifacts {
		ids = append(ids, one.ID)
	}
	return ids
}

// Sorted sorts a copy.
func Sorted(ids []string) []string { return slices.Sorted(slices.Values(ids)) }

// IsContent compares length and SHA-256.
func IsContent(found []byte, wanted Artifact) error {
	digest := sha256.Sum256(found)
	return errors.Join(
		Same("length", len(found), wanted.Bytes),
		Same("sha256", hex.EncodeToString(digest[:]), wanted.SHA256))
}

// IsSpoken looks for everything that is said, and for who says it.
func IsSpoken(found []byte, wanted Artifact, attributed bool) error {
	for _, cue := range wanted.Cues {
		err := errors.Join(
			Same(cue.Text, strings.Contains(string(found), cue.Text), true),
			Same("names its speakers", strings.Contains(string(found), "<v "+cue.Speaker+">"), attributed))
		if err != nil {
			return err
		}
	}
	return nil
}

// IsMetadata compares what is said, and by whom.
func IsMetadata(found []byte, wanted Artifact) error {
	var cues []Cue
	for line := range strings.Lines(string(found)) {
		var cue struct{ SpeakerName, SpokenText string }
		if strings.HasPrefix(line, "{") {
			if err := json.Unmarshal([]byte(line), &cue); err != nil {
				return err
			}
			cues = append(cues, Cue{cue.SpeakerName, cue.SpokenText})
		}
	}
	return Same("spoken", cues, wanted.Cues)
}
