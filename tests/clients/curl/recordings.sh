#!/bin/sh
# Lists the recordings of a meeting and downloads the first, with curl and jq. All it needs to know stands in the
# environment. Further options go to curl: recordings.sh --http1.1
set -eu

base_url=${GRAPH_BASE_URL:-https://graph.microsoft.com/v1.0}
scope=${GRAPH_SCOPE:-https://graph.microsoft.com/.default}
token_url=${AZURE_AUTHORITY_HOST:-https://login.microsoftonline.com}/$AZURE_TENANT_ID/oauth2/v2.0/token
# An AD FS has its token endpoint one step higher, and the tenant `adfs` stands for one.
[ "$AZURE_TENANT_ID" != adfs ] || token_url=$AZURE_AUTHORITY_HOST/adfs/oauth2/token

# Shows what was answered in the place of what was wanted.
refused() {
  jq -r 'if (.error | type) == "object" then "\(.error.code): \(.error.message)" else "\(.error): \(.error_description)" end' \
    "$1" >&2
  exit 1
}

# Secret and token go in by standard input: on a command line everybody on the machine can read them.
printf '%s' "$AZURE_CLIENT_SECRET" |
  curl "$@" --silent --show-error --fail-with-body --output token.json "$token_url" \
    --data grant_type=client_credentials --data-urlencode "client_id=$AZURE_CLIENT_ID" \
    --data-urlencode "scope=$scope" --data-urlencode client_secret@- || refused token.json
token=$(jq -r .access_token token.json)
rm token.json
graph() {
  printf 'header = "Authorization: Bearer %s"\n' "$token" |
    curl --config - --silent --show-error --fail-with-body --output "$@"
}

meeting=$base_url/users/$GRAPH_USER_ID/onlineMeetings/$GRAPH_MEETING_ID

graph list.json "$@" "$meeting/recordings" || refused list.json
jq -r '.value[] | "recording \(.createdDateTime) \(.id)"' list.json

recording=$(jq -r '.value[0].id' list.json)
graph recording.json "$@" "$meeting/recordings/$recording" || refused recording.json
graph recording.mp4 "$@" --location "$(jq -r .recordingContentUrl recording.json)" || refused recording.mp4
echo "downloaded $(wc -c <recording.mp4) bytes"

# A transcript and the recording of the same part of a call have the same contentCorrelationId.
graph transcripts.json "$@" "$meeting/transcripts" || refused transcripts.json
id=$(jq -r '.value[0].contentCorrelationId' transcripts.json)
graph found.json "$@" --get --data-urlencode "\$filter=contentCorrelationId eq '$id'" "$meeting/recordings" ||
  refused found.json
echo "transcript $(jq -r '.value[0].id' transcripts.json) belongs to recording $(jq -r '.value[0].id' found.json)"
