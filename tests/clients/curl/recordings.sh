#!/bin/sh
# Lists the recordings of a meeting and downloads the first, with curl and jq. All it needs to know stands in the
# environment. Further options go to curl: recordings.sh --http1.1
set -eu

base_url=${GRAPH_BASE_URL:-https://graph.microsoft.com/v1.0}
scope=${GRAPH_SCOPE:-https://graph.microsoft.com/.default}
token_url=${AZURE_AUTHORITY_HOST:-https://login.microsoftonline.com}/$AZURE_TENANT_ID/oauth2/v2.0/token
meeting=$base_url/users/$GRAPH_USER_ID/onlineMeetings/$GRAPH_MEETING_ID
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# ask OPTION…: leaves the body in $answer, or shows what it says of a refusal.
ask() {
  curl --config - --silent --show-error --fail-with-body --output "$answer" "$@" && return
  jq -r 'if (.error | type) == "object" then "\(.error.code): \(.error.message)" else .error_description end' "$answer" >&2
  exit 1
}

# Secret and token go in by standard input: on a command line everybody on the machine can read them.
token=$(
  printf 'data-urlencode = "client_secret=%s"\n' "$AZURE_CLIENT_SECRET" |
    ask "$@" --data grant_type=client_credentials --data-urlencode "client_id=$AZURE_CLIENT_ID" \
      --data-urlencode "scope=$scope" "$token_url"
  jq -r .access_token "$answer"
)
graph() {
  printf 'header = "Authorization: Bearer %s"\n' "$token" | ask "$@"
}

graph "$@" "$meeting/recordings"
jq -r '.value[] | "recording \(.createdDateTime) \(.id)"' "$answer"

id=$(jq -r '.value[0].id' "$answer")
graph "$@" "$meeting/recordings/$id"
graph "$@" --location "$(jq -r .recordingContentUrl "$answer")"
cp "$answer" recording.mp4
echo "downloaded $(wc -c <recording.mp4) bytes"

# A transcript and the recording of the same part of a call have the same contentCorrelationId.
graph "$@" "$meeting/transcripts"
transcript=$(jq -r '.value[0].id' "$answer")
filter="contentCorrelationId eq '$(jq -r '.value[0].contentCorrelationId' "$answer")'"
graph "$@" --get --data-urlencode "\$filter=$filter" "$meeting/recordings"
echo "transcript $transcript belongs to recording $(jq -r '.value[0].id' "$answer")"
