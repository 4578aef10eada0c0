#!/bin/sh
# Uploads one recording in slices, goes on after any break, and prints the JSON of what has become of it.
#
#   upload.sh FILE REQUEST
#
# REQUEST is a file with what POST /api/v1/uploadSessions asks for, without its `item`; `-` is standard input. The item is
# made of the file, with its SHA-256. The same source once more uploads nothing twice, so it is safe to run it again.
#
# Where: anywhere; the recipe for Jibri looks for it as graphophone-upload beside itself.
# Needs: curl 7.76, jq 1.5, sha256sum, tail and head with -c.
#
# Settings, in the environment:
#   GRAPH_BASE_URL           https://recordings.example.org/v1.0
#   AZURE_TENANT_ID          the tenant, by id or domain
#   AZURE_CLIENT_ID          the application that uploads
#   AZURE_CLIENT_SECRET      its secret, or
#   AZURE_CLIENT_SECRET_FILE a file with it, or
#   UPLOAD_TOKEN_FILE        a file with a token in the place of the three above
#   AZURE_AUTHORITY_HOST     who gives tokens; the server itself
#   GRAPH_SCOPE              for what; the server's own /.default
#   UPLOAD_SLICE_BYTES       length of slices; what the server says
#   UPLOAD_RETRY_SECONDS     first pause after a failure, doubled up to a minute; 5
#   UPLOAD_ATTEMPTS          failures in a row after which it gives up for now; 50
#   UPLOAD_PROGRESS          yes: a line for each 10 % that are there; otherwise on a terminal alone; no: never
#
# Ends with 0 when the recording is there, 1 where it is refused, 2 for wrong use (a setting, a file or a program is missing, or
# REQUEST is no JSON), 75 where it gave up for now.
#
# Try it:
#   echo '{"meeting": {"organizer": "megan@example.org"}, "recording": {}, "source": {"system": "test", "id": "1"}}' |
#     ./upload.sh meeting.mp4 -
set -eu
umask 077

say() { printf 'upload: %s\n' "$*" >&2; }

# wrong TEXT: it has been called in a way that cannot be.
wrong() {
  say "$*"
  exit 2
}
# readable WHAT FILE
readable() {
  [ -e "$2" ] || wrong "$1 $2 is not there"
  if [ -d "$2" ] || [ ! -r "$2" ]; then wrong "$1 $2 cannot be read"; fi
}

[ $# = 2 ] || wrong 'usage: upload.sh FILE REQUEST'
for needed in curl jq sha256sum; do
  command -v "$needed" >/dev/null || wrong "$needed is missing"
done
readable 'the file' "$1"
[ "$2" = - ] || readable 'REQUEST' "$2"
wanted=GRAPH_BASE_URL
if [ -n "${UPLOAD_TOKEN_FILE-}" ]; then
  readable UPLOAD_TOKEN_FILE "$UPLOAD_TOKEN_FILE"
else
  wanted="$wanted AZURE_TENANT_ID AZURE_CLIENT_ID"
  if [ -n "${AZURE_CLIENT_SECRET_FILE-}" ]; then
    readable AZURE_CLIENT_SECRET_FILE "$AZURE_CLIENT_SECRET_FILE"
  else
    wanted="$wanted AZURE_CLIENT_SECRET"
  fi
fi
for name in $wanted; do
  eval "[ -n \"\${$name-}\" ]" || wrong "$name is not set: the head of $0 says which settings it needs"
done
file=$1
origin=${GRAPH_BASE_URL%/v1.0}
origin=${origin%/}
authority=${AZURE_AUTHORITY_HOST:-$origin}
scope=${GRAPH_SCOPE:-$origin/.default}
pause=${UPLOAD_RETRY_SECONDS:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 75' HUP INT TERM
answer=$work/answer

size=$(wc -c <"$file" | tr -d ' ')
sha256=$(sha256sum <"$file" | cut -d ' ' -f 1)
if [ "$2" = - ]; then cat; else cat <"$2"; fi |
  jq --arg name "${file##*/}" --arg sha256 "$sha256" --argjson size "$size" \
    'if type == "object" then . + {item: {name: $name, size: $size, sha256: $sha256}} else error("found \(type)") end' \
    >"$work/request" 2>"$work/fault" || : >"$work/request"
[ -s "$work/request" ] || wrong "REQUEST $2 is no object of JSON: $(tr '\n' ' ' <"$work/fault")"
organizer=$(jq -r '.meeting?.organizer? // empty | strings' "$work/request")
progress=${UPLOAD_PROGRESS:-}
if [ -z "$progress" ] && [ -t 2 ]; then progress=yes; fi

# ask CONFIGURATION OPTION…: leaves the body in $answer and the status in $status, 000 where there was no answer. What is
# secret is in the configuration, which goes in by standard input: a command line everybody on the machine can read.
ask() {
  configuration=$1
  shift
  : >"$answer"
  : >"$work/head"
  status=$(printf '%s\n' "$configuration" | curl --config - --silent --connect-timeout 30 --speed-limit 1 \
    --speed-time 120 --output "$answer" --dump-header "$work/head" --write-out '%{http_code}' "$@") || status=000
}
# told FILTER: what the answer says, or nothing.
told() { jq -r "$1 // empty" "$answer" 2>/dev/null || true; }
why() {
  told 'if (.error | type) == "object" then "\(.error.code): \(.error.message)" else .error_description end' | grep . ||
    printf 'status %s\n' "$status"
}
# Most answers of 403 are about the organizer, and do not say so.
for_whom() { if [ "$status" = 403 ] && [ -n "$organizer" ]; then printf ' (for organizer %s)' "$organizer"; fi; }
# show_progress BYTES: says that so many are there, where another tenth is.
tenths=0
show_progress() {
  now=$(($1 * 10 / size))
  if [ "$progress" = yes ] && [ "$now" -gt "$tenths" ]; then say "${file##*/}: ${now}0 % of $size bytes"; fi
  tenths=$now
}
quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }

# Asks for a token and then for a session: the same one as long as there is one.
begin() {
  if [ -n "${UPLOAD_TOKEN_FILE-}" ]; then
    token=$(cat "$UPLOAD_TOKEN_FILE")
  else
    if [ -n "${AZURE_CLIENT_SECRET_FILE-}" ]; then AZURE_CLIENT_SECRET=$(cat "$AZURE_CLIENT_SECRET_FILE"); fi
    ask "data-urlencode = \"client_secret=$(quoted "$AZURE_CLIENT_SECRET")\"" --data grant_type=client_credentials \
      --data-urlencode "client_id=$AZURE_CLIENT_ID" --data-urlencode "scope=$scope" \
      "$authority/$AZURE_TENANT_ID/oauth2/v2.0/token"
    token=$(told .access_token)
    [ "$status" = 200 ] || return 0
  fi
  ask "header = \"Authorization: Bearer $token\"" --header 'Content-Type: application/json' \
    --data-binary "@$work/request" "$origin/api/v1/uploadSessions"
  url=$(told .uploadUrl)
}

# Sends what is expected next, until something else is answered than what is expected then.
send() {
  slice=${UPLOAD_SLICE_BYTES:-$(told '.["@graphophone.sliceSize"]')}
  while next=$(told '.nextExpectedRanges[0] | split("-")[0]') && [ -n "$next" ]; do
    tail -c "+$((next + 1))" <"$file" | head -c "${slice:-983040}" >"$work/slice"
    length=$(wc -c <"$work/slice" | tr -d ' ')
    ask "url = \"$url\"" --upload-file "$work/slice" --header 'Content-Type: application/octet-stream' \
      --header "Content-Range: bytes $next-$((next + length - 1))/$size"
    case $status in 20?) show_progress "$((next + length))" ;; esac
    [ "$status" = 202 ] || break
    failures=0
    pause=${UPLOAD_RETRY_SECONDS:-5}
  done
}

# wait_a_while: as long as the server says, or longer each time; gives up after too many failures in a row.
wait_a_while() {
  failures=$((failures + 1))
  if [ "$failures" -ge "${UPLOAD_ATTEMPTS:-50}" ]; then
    say "gave up for now ($(why)): the next run goes on where this one ends"
    exit 75
  fi
  told_to=$(tr -d '\r' <"$work/head" | sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9][0-9]*\)$/\1/p' | tail -n 1)
  sleep "${told_to:-$pause}"
  pause=$((pause * 2 > 60 ? 60 : pause * 2))
}

url='' failures=0 begun_anew=''
while :; do
  if [ -z "$url" ]; then begin; else ask "url = \"$url\""; fi
  case $status in 20?) send ;; esac
  fault=$(told '.["@graphophone.fault"]')
  case $status in
  20?)
    if [ -n "$(told .id)" ]; then
      held_back=$(told '.["@graphophone.quarantined"]')
      [ -z "$held_back" ] || say "kept, and not served: $held_back"
      cat "$answer"
      echo
      exit 0
    fi
    ;;
  409 | 422) fault=$(why) ;;
  404 | 408 | 416 | 423 | 425 | 429 | 5?? | 000) ;;
  *) fault=$(why)$(for_whom) begun_anew=yes ;;
  esac
  if [ -n "$fault" ]; then
    # What came before is not of this file as it is now. Once that is given up, all of it is sent.
    if [ -z "$url" ] || [ -n "$begun_anew" ]; then
      say "refused: $fault"
      exit 1
    fi
    say "begins anew: $fault"
    ask "url = \"$url\"" --request DELETE
    url='' begun_anew=yes
    continue
  fi
  # The session has expired, or there is no such server.
  if [ "$status" = 404 ]; then
    if [ -z "$url" ]; then say "refused: $(why)"; exit 1; fi
    url=''
  fi
  if [ "$status" != 416 ] || [ "$failures" -gt 0 ]; then wait_a_while; else failures=1; fi
done
