#!/bin/sh
# Every operation of the server with curl and jq, and what only a client that writes its own requests can ask for.
#
#   operations.sh [WORD…]    runs the operations whose names contain one of the words, or all
#
# What the answers have to hold stands in the file that OPERATIONS_EXPECTED names. For each operation a line `NAME: requests N`;
# everything that is wrong at the end.
set -eu

base=$GRAPH_BASE_URL
token_url=$AZURE_AUTHORITY_HOST/$AZURE_TENANT_ID/oauth2/v2.0/token
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
answer=$work/answer headers=$work/headers
json='Content-Type: application/json'
: >"$work/wrong"

# wanted FILTER: what the answers have to hold.
wanted() { jq -cr "$@" "$OPERATIONS_EXPECTED"; }

token=$(
  printf 'data-urlencode = "client_secret=%s"\n' "$AZURE_CLIENT_SECRET" |
    curl --config - --silent --show-error --fail --data grant_type=client_credentials \
      --data-urlencode "client_id=$AZURE_CLIENT_ID" --data-urlencode "scope=$GRAPH_SCOPE" "$token_url" |
    jq -r .access_token
)
person=$(wanted .organizerToken)

words=$*
# step NAME: whether it is to run.
step() {
  name=$1 count=0 trouble=''
  [ -n "$words" ] || return 0
  for word in $words; do
    case $name in *"$word"*) return 0 ;; esac
  done
  return 1
}
end() {
  if [ -z "$trouble" ]; then
    echo "$name: requests $count"
  else
    echo "$name:$trouble" >>"$work/wrong"
  fi
}
# same WHAT FOUND WANTED
same() {
  [ "$2" = "$3" ] || trouble="$trouble $1: '$2' in the place of '$3';"
}
# The token goes in by standard input: on a command line everybody on the machine can read it.
send() {
  count=$((count + 1))
  status=$(
    printf 'header = "Authorization: Bearer %s"\n' "$token" |
      curl --config - --silent --show-error --dump-header "$headers" --output "$answer" --write-out '%{http_code}' "$@"
  )
}
# ask URL OPTION…: the answer has to be a 2xx.
ask() {
  send "$@"
  case $status in
  2*) ;;
  *)
    trouble="$trouble $status $(jq -r '"\(.error.code): \(.error.message)"' "$answer" 2>/dev/null || head -c 300 "$answer");"
    echo '{}' >"$answer"
    ;;
  esac
}
json() { jq -cr "$@" "$answer"; }
header() { sed -n "s/^$1: *//Ip" "$headers" | tr -d '\r'; }
ids() { json '[.value[]?.id]'; }
escaped() { printf %s "$1" | jq -sRr @uri; }
# gather URL: the sorted ids of all pages in $found, and the delta link of the last in $link.
gather() {
  found='[]' next=$1
  while [ -n "$next" ]; do
    ask "$next"
    found=$(jq -cn --argjson before "$found" --argjson now "$(ids)" '$before + $now | sort')
    next=$(json '."@odata.nextLink" // ""')
  done
  link=$(json '."@odata.deltaLink" // ""')
}
everything() {
  gather "$1"
  same ids "$found" "$2"
}
# changes URL IDS: follows the links to the end, and asks once more from there.
changes() {
  everything "$1?\$top=2" "$2"
  if [ -z "$link" ]; then
    trouble="$trouble no deltaLink;"
    return
  fi
  everything "$link" '[]'
  [ -n "$link" ] || trouble="$trouble no second deltaLink;"
}
is_content() {
  same length "$(wc -c <"$answer" | tr -d ' ')" "$(wanted "$1.bytes")"
  same sha256 "$(sha256sum <"$answer" | cut -d ' ' -f 1)" "$(wanted "$1.sha256")"
}
is_spoken() {
  same spoken "$(sed -n 's/^<v [^>]*>\(.*\)<\/v>$/\1/p' "$answer")" "$(wanted "$1.cues[].text")"
  same speakers "$(sed -n 's/^<v \([^>]*\)>.*$/\1/p' "$answer")" "$(wanted "$1.cues[].speaker")"
}
is_metadata() {
  same spoken "$(grep '^{' "$answer" | jq -cr '[.speakerName, .spokenText]')" "$(wanted "$1.cues[] | [.speaker, .text]")"
}

organizer=$(wanted .organizer.id)
user=$(wanted .organizer.url)
meetings=$user/onlineMeetings
meeting=$(wanted .meeting.url)
recordings=$meeting/recordings
transcripts=$meeting/transcripts
recording=$recordings/$(wanted '.recordings[0].id')
transcript=$transcripts/$(wanted '.transcripts[0].id')
all_ids=$(wanted '[.recordings[].id]')

if step 'get a meeting'; then
  ask "$meeting"
  same meeting "$(json '[.id, .subject, .joinWebUrl]')" "$(wanted '.meeting | [.id, .subject, .joinWebUrl]')"
  end
fi
if step 'find a meeting by joinWebUrl'; then
  ask "$meetings" --get --data-urlencode "\$filter=JoinWebUrl eq '$(wanted .meeting.joinWebUrl)'"
  same meetings "$(ids)" "$(wanted '[.meeting.id]')"
  end
fi
if step 'create a meeting'; then
  ask "$meetings" --header "$json" --data '{"subject":"Made by curl","startDateTime":"2030-01-15T09:00:00Z","endDateTime":"2030-01-15T10:00:00Z"}'
  same status "$status" 201
  same subject "$(json .subject)" 'Made by curl'
  same organizer "$(json .participants.organizer.identity.user.id)" "$organizer"
  made=$(json .id) join_meeting_id=$(json .joinMeetingIdSettings.joinMeetingId)
  end
fi
if step 'find a meeting by joinMeetingId'; then
  ask "$meetings" --get --data-urlencode "\$filter=joinMeetingIdSettings/joinMeetingId eq '${join_meeting_id:-}'"
  same meetings "$(ids)" "[\"${made:-}\"]"
  end
fi
if step 'create or get a meeting'; then
  body="{\"externalId\":\"curl-$(date +%s)-$$\",\"subject\":\"Made or got\",\"startDateTime\":\"2030-01-16T09:00:00Z\",\"endDateTime\":\"2030-01-16T10:00:00Z\"}"
  ask "$meetings/createOrGet" --header "$json" --data "$body"
  first=$(json .id)
  same 'the first time' "$status" 201
  ask "$meetings/createOrGet" --header "$json" --data "$body"
  same 'the second time' "$status $(json .id)" "200 $first"
  end
fi
if step 'update a meeting'; then
  ask "$meetings/${made:-}" --request PATCH --header "$json" --data '{"subject":"Renamed"}'
  same 'in the answer' "$(json .subject)" Renamed
  ask "$meetings/${made:-}"
  same afterwards "$(json .subject)" Renamed
  end
fi
if step 'delete a meeting'; then
  ask "$meetings/${made:-}" --request DELETE
  same status "$status" 204
  send "$meetings/${made:-}"
  same 'status afterwards' "$status" 404
  end
fi
if step 'get a user'; then
  ask "$user"
  same user "$(json '[.id, .userPrincipalName]')" "$(wanted '.organizer | [.id, .userPrincipalName]')"
  end
fi
application=$token token=$person
if step 'get me'; then
  ask "$base/me"
  same user "$(json '[.id, .displayName]')" "$(wanted '.organizer | [.id, .displayName]')"
  end
fi
if step 'list my recordings'; then
  ask "$base/me/onlineMeetings/$(wanted .meeting.id)/recordings"
  same recordings "$(ids)" "$all_ids"
  end
fi
token=$application

if step 'list recordings'; then
  ask "$recordings"
  same recordings "$(ids)" "$all_ids"
  same count "$(json '."@odata.count"')" "$(wanted '.recordings | length')"
  end
fi
if step 'count recordings'; then
  ask "$recordings/\$count"
  same count "$(cat "$answer")" "$(wanted '.recordings | length')"
  end
fi
if step 'filter recordings'; then
  ask "$recordings?\$filter=contentcorrelationId+eq+'$(wanted '.recordings[1].contentCorrelationId')'"
  same recordings "$(ids)" "$(wanted '[.recordings[1].id]')"
  end
fi
if step 'select properties of recordings'; then
  ask "$recordings?\$select=id,callId"
  same properties "$(json .value)" "$(wanted '[.recordings[] | {id, callId}]')"
  end
fi
if step 'page through recordings'; then
  everything "$recordings?\$top=1" "$(wanted '[.recordings[].id] | sort')"
  end
fi
if step 'get a recording'; then
  ask "$recording"
  same recording "$(json '[.id, .callId, .createdDateTime]')" "$(wanted '.recordings[0] | [.id, .callId, .createdDateTime]')"
  same organizer "$(json .meetingOrganizer.user.id)" "$organizer"
  end
fi
if step 'content of a recording'; then
  ask "$recordings/$(wanted '.recordings[1].id')/content"
  is_content '.recordings[1]'
  end
fi
if step 'download a recording to a file'; then
  ask "$(wanted '.recordings[0].contentUrl')" --location
  is_content '.recordings[0]'
  same type "$(header content-type)" video/mp4
  end
fi

if step 'list transcripts'; then
  ask "$transcripts"
  same transcripts "$(ids)" "$(wanted '[.transcripts[].id]')"
  end
fi
if step 'count transcripts'; then
  ask "$transcripts/\$count"
  same count "$(cat "$answer")" "$(wanted '.transcripts | length')"
  end
fi
if step 'get a transcript'; then
  ask "$transcript"
  same contentCorrelationId "$(json .contentCorrelationId)" "$(wanted '.transcripts[0].contentCorrelationId')"
  end
fi
if step 'content of a transcript'; then
  ask "$transcript/content"
  same type "$(header content-type | cut -d ';' -f 1)" text/vtt
  is_spoken '.transcripts[0]'
  end
fi
if step 'content of a transcript as text/vtt'; then
  ask "$transcript/content" --header 'Accept: text/vtt'
  same 'first line' "$(head -n 1 "$answer")" WEBVTT
  is_spoken '.transcripts[0]'
  end
fi
if step 'content of a transcript with $format'; then
  ask "$transcript/content?\$format=text/vtt"
  is_spoken '.transcripts[0]'
  end
fi
if step 'content of a transcript without speakers'; then
  ask "$transcript/content" --header 'Accept: application/vnd.microsoft.graph.transcript+text'
  same 'speakers are named' "$(grep -c '<v ' "$answer")" 0
  wanted '.transcripts[0].cues[].text' >"$work/texts"
  while read -r text; do
    grep -qF "$text" "$answer" || trouble="$trouble '$text' is not there;"
  done <"$work/texts"
  end
fi
if step 'metadataContent of a transcript'; then
  ask "$transcript/metadataContent"
  is_metadata '.transcripts[0]'
  end
fi

# functions KIND PROPERTY NAME: all of the organizer's.
start=$(wanted .between.start) until=$(wanted .between.end)
for kind in Recordings Transcripts; do
  property=$(printf %s "$kind" | tr RT rt)
  functions="$meetings/getAll$kind(meetingOrganizerUserId='$organizer'"
  if step "getAll$kind"; then
    everything "$functions)" "$(wanted ".all.$property")"
    end
  fi
  if step "getAll$kind between dates"; then
    # Pages of one, for one of the two.
    case $kind in Recordings) size="?\$top=1" ;; *) size='' ;; esac
    everything "$functions,startDateTime=$start,endDateTime=$until)$size" "$(wanted ".between.$property")"
    end
  fi
  if step "delta of getAll$kind"; then
    changes "$functions)/delta" "$(wanted ".all.$property")"
    end
  fi
  if step "delta of $property"; then
    changes "$meeting/$property/delta" "$(wanted "[.$property[].id] | sort")"
    end
  fi
done
if step 'getAllRecordings with $filter'; then
  everything "$meetings/getAllRecordings?\$filter=$(escaped "MeetingOrganizer/User/Id eq '$organizer'")" "$(wanted .all.recordings)"
  end
fi
if step 'getAllRecordings by URL'; then
  everything "$(wanted .all.recordingsUrl)" "$(wanted .all.recordings)"
  end
fi

caller=$(wanted .call.userUrl)
call=$(wanted .call.url)
if step 'list calls'; then
  everything "$caller/adhocCalls" "$(wanted .call.calls)"
  end
fi
if step 'get a call'; then
  ask "$call"
  same id "$(json .id)" "$(wanted .call.id)"
  end
fi
if step 'list recordings of a call'; then
  ask "$call/recordings"
  same recordings "$(ids)" "$(wanted '[.call.recordings[].id]')"
  end
fi
if step 'get a recording of a call'; then
  ask "$call/recordings/$(wanted '.call.recordings[0].id')"
  same callId "$(json .callId)" "$(wanted '.call.recordings[0].callId')"
  same 'has a meetingId' "$(json 'has("meetingId")')" false
  end
fi
if step 'content of a recording of a call'; then
  ask "$call/recordings/$(wanted '.call.recordings[0].id')/content"
  is_content '.call.recordings[0]'
  end
fi
said=$call/transcripts/$(wanted '.call.transcripts[0].id | @uri')
if step 'list transcripts of a call'; then
  ask "$call/transcripts"
  same transcripts "$(ids)" "$(wanted '[.call.transcripts[].id]')"
  end
fi
if step 'get a transcript of a call'; then
  ask "$said"
  same contentCorrelationId "$(json .contentCorrelationId)" "$(wanted '.call.transcripts[0].contentCorrelationId')"
  end
fi
if step 'content of a transcript of a call'; then
  ask "$said/content"
  is_spoken '.call.transcripts[0]'
  end
fi
if step 'metadataContent of a transcript of a call'; then
  ask "$said/metadataContent"
  is_metadata '.call.transcripts[0]'
  end
fi
if step 'getAllRecordings of calls'; then
  everything "$caller/adhocCalls/getAllRecordings" "$(wanted .call.allRecordings)"
  end
fi
if step 'getAllRecordings of calls by URL'; then
  everything "$caller/adhocCalls/getAllRecordings(userId='$(wanted .call.userId)')" "$(wanted .call.allRecordings)"
  end
fi
if step 'getAllTranscripts of calls'; then
  everything "$caller/adhocCalls/getAllTranscripts(userId='$(wanted .call.userId)')" "$(wanted .call.allTranscripts)"
  end
fi
if step 'delta of recordings of a call'; then
  changes "$call/recordings/delta" "$(wanted '[.call.recordings[].id] | sort')"
  end
fi

# item ID URL [DEPENDS_ON]: one of a batch, with an address below the version.
item() {
  jq -cn --arg id "$1" --arg url "${2#"$base"}" --arg first "${3-}" \
    '{id: $id, method: "GET", url: $url} + if $first == "" then {} else {dependsOn: [$first]} end'
}
batch() {
  ask "$base/\$batch" --header "$json" --data "$(printf '%s\n' "$@" | jq -cs '{requests: .}')"
  statuses=$(json '[.responses[]? | {id, status}] | sort_by(.id) | map("\(.id) \(.status)") | join(", ")')
}
if step 'batch'; then
  batch "$(item recordings "$recordings")" "$(item transcripts "$transcripts")"
  same statuses "$statuses" 'recordings 200, transcripts 200'
  same recordings "$(json '.responses[]? | select(.id == "recordings") | [.body.value[].id]')" "$all_ids"
  end
fi
if step 'batch with a failing item'; then
  batch "$(item none "$recordings/there-is-none")" "$(item list "$recordings")"
  same statuses "$statuses" 'list 200, none 404'
  same code "$(json '.responses[]? | select(.id == "none") | .body.error.code')" NotFound
  end
fi
if step 'batch with dependsOn'; then
  batch "$(item first "$recordings/there-is-none")" "$(item second "$recordings" first)"
  same statuses "$statuses" 'first 404, second 424'
  end
fi
if step 'batch with a content'; then
  batch "$(item content "$recording/content")"
  same statuses "$statuses" 'content 200'
  json '.responses[]?.body' | base64 -d >"$work/content" || true
  mv "$work/content" "$answer"
  is_content '.recordings[0]'
  end
fi

if step 'batch with a body'; then
  batch "$(
    jq -cn --arg url "${meetings#"$base"}/createOrGet" --arg id "curl-batch-$(date +%s)-$$" '{id: "made", method: "POST", url: $url,
      headers: {"Content-Type": "application/json"}, body: {externalId: $id, subject: "Made in a batch"}}'
  )"
  same statuses "$statuses" 'made 201'
  end
fi

# What only a client that writes its own requests can ask for.

if step 'keys in parentheses'; then
  ask "$base/users('$organizer')/onlineMeetings('$(wanted .meeting.id)')/recordings('$(wanted '.recordings[0].id')')"
  same id "$(json .id)" "$(wanted '.recordings[0].id')"
  end
fi
if step 'parameters without quotes'; then
  # As an example of the reference has them.
  everything "$caller/adhocCalls/getAllRecordings(userId=$(wanted .call.userId))" "$(wanted .call.allRecordings)"
  end
fi
if step 'two slashes in a path'; then
  send "$base//users/$organizer//onlineMeetings/$(wanted .meeting.id)/recordings"
  same status "$status" 200
  end
fi
if step 'plus in a path and in a query'; then
  # In a path it is itself, so there is no such recording; in a query it is a blank.
  send "$recordings/a+b"
  same 'in a path' "$status" 404
  ask "$recordings?\$filter=contentCorrelationId+eq+'a%2Bb'"
  same 'in a query' "$(ids)" '[]'
  end
fi
if step 'odata.metadata=none'; then
  ask "$recordings?\$top=1" --header 'Accept: application/json;odata.metadata=none'
  same context "$(json 'has("@odata.context")')" false
  same nextLink "$(json 'has("@odata.nextLink")')" true
  same type "$(json '.value[0].meetingOrganizer.user | has("@odata.type")')" false
  same level "$(header content-type | grep -o 'odata.metadata=[a-z]*')" odata.metadata=none
  end
fi
if step 'odata.metadata=full'; then
  ask "$recordings?\$top=1" --header 'Accept: application/json;odata.metadata=full'
  same context "$(json 'has("@odata.context")')" true
  same type "$(json '.value[0]."@odata.type"')" '#microsoft.graph.callRecording'
  same 'link to the content' "$(json '.value[0] | has("content@odata.mediaReadLink")')" true
  same level "$(header content-type | grep -o 'odata.metadata=[a-z]*')" odata.metadata=full
  end
fi
if step 'preflight of CORS'; then
  token='' && send "$recordings" --request OPTIONS --header 'Origin: https://app.example' \
    --header 'Access-Control-Request-Method: GET' --header 'Access-Control-Request-Headers: authorization'
  token=$application
  same status "$status" 204
  same origin "$(header access-control-allow-origin)" '*'
  same methods "$(header access-control-allow-methods | grep -c GET)" 1
  same headers "$(header access-control-allow-headers | grep -ci authorization)" 1
  end
fi
if step 'range of JSON'; then
  ask "$recordings" --header 'Range: bytes=0-9'
  same status "$status" 200
  same recordings "$(ids)" "$all_ids"
  end
fi
if step 'range of a content'; then
  ask "$recording/content" --header 'Range: bytes=4-7'
  same status "$status" 206
  same bytes "$(cat "$answer")" ftyp
  send "$recording/content" --header 'Range: bytes=999999999-'
  same 'outside of it' "$status" 416
  end
fi
if step '$metadata'; then
  token='' && send "$base/\$metadata"
  token=$application
  same status "$status" 200
  same type "$(header content-type | cut -d ';' -f 1)" application/xml
  same 'it knows callRecording' "$(grep -c 'EntityType Name="callRecording"' "$answer")" 1
  end
fi

cat "$work/wrong" >&2
[ ! -s "$work/wrong" ]
