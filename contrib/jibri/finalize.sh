#!/bin/sh
# Jibri's finalize script: uploads the recording of a session, and keeps its folder for another try where that fails.
#
#   finalize.sh FOLDER          as Jibri calls it, with the folder of the session
#   finalize.sh --sweep DIR     goes over all sessions below Jibri's recordings-directory, as cron does
#
# Where: /usr/local/bin/graphophone-jibri, and in jibri.conf
#     jibri.recording.finalize-script = "/usr/local/bin/graphophone-jibri"
# beside contrib/curl/upload.sh as /usr/local/bin/graphophone-upload. In crontab of the user jibri:
#     17 * * * *  /usr/local/bin/graphophone-jibri --sweep /srv/recordings
#
# Needs: what upload.sh needs, and `date` and `find` of GNU or busybox.
#
# Settings: those of upload.sh and these, in the environment or as NAME=value in the file that UPLOAD_SETTINGS names
# (/etc/graphophone-upload.env where there is one). It holds a secret: chmod 600, chown jibri.
#   UPLOAD_ORGANIZER     whose meetings they are: object id or userPrincipalName
#   UPLOAD_ORGANIZERS    a file with lines ROOM ORGANIZER, looked at first
#   JIBRI_PARTICIPANTS   yes: whoever has an e-mail address in metadata.json took part, where all of them are users
#   JIBRI_DELETE         yes: the folder is deleted when all of it is uploaded
#   JIBRI_BACKGROUND     yes: Jibri does not wait for the upload, which is free for the next call then
#   JIBRI_LOG            where the upload in the background says what it does; /dev/null
#   JIBRI_SETTLED        a sweep passes over what has changed in so many minutes, as it may be recorded now; 10
#   TZ                   the time zone of the file names, where it is not that of the machine
#
# Try it:
#   UPLOAD_SETTINGS=./upload.env ./finalize.sh /srv/recordings/abcdefghijklmnop
set -eu

say() { printf 'jibri: %s\n' "$*" >&2; }

settings=${UPLOAD_SETTINGS:-/etc/graphophone-upload.env}
if [ -n "${UPLOAD_SETTINGS-}" ] || [ -e "$settings" ]; then
  set -a
  # shellcheck source=/dev/null
  . "$settings"
  set +a
fi
here=$(cd "$(dirname "$0")" && pwd)
own=$here/${0##*/}
# In the source tree, or installed beside it: the PATH of cron is short.
upload=$here/../curl/upload.sh
[ -x "$upload" ] || upload=$here/graphophone-upload

# organizer_of ROOM: what the file says of the room, or the default.
organizer_of() {
  found=
  if [ -n "${UPLOAD_ORGANIZERS-}" ]; then
    found=$(room=$1 awk '
      !/^#/ && NF > 1 {
        name = $0
        sub(/[ \t]+[^ \t]+[ \t]*$/, "", name)
        if (tolower(name) == tolower(ENVIRON["room"])) { print $NF; exit }
      }' "$UPLOAD_ORGANIZERS")
  fi
  printf '%s' "${found:-${UPLOAD_ORGANIZER-}}"
}

# request FILE WITH_PARTICIPANTS: what is asked for, without the item.
request() {
  folder=${1%/*}
  name=${1##*/}
  base=${name%.*}
  # NAME_2026-03-01-14-05-09.mp4, in the time of this machine.
  call=${base%_*}
  local_time=$(printf '%s' "${base##*_}" | sed 's/^\(....-..-..\)-\(..\)-\(..\)-\(..\)$/\1 \2:\3:\4/')
  seconds=$(date -d "$local_time" +%s)
  start=$(date -u -d "@$seconds" +%Y-%m-%dT%H:%M:%SZ)
  metadata=$(jq -c 'if type == "object" then . else {} end' "$folder/metadata.json" 2>/dev/null) || metadata='{}'
  room=$(printf '%s' "$metadata" | jq -r '.meeting_url // "" | sub("[?#].*"; "") | sub("^[a-z]+://[^/]*/*"; "") | sub("/+$"; "")')
  room=${room:-$call}
  organizer=$(organizer_of "$room")
  if [ -z "$organizer" ]; then
    say "$name: the room $room has no organizer: set UPLOAD_ORGANIZER, or UPLOAD_ORGANIZERS to a file"
    return 1
  fi
  # Two meetings of a room are two: the start tells them apart.
  printf '%s' "$metadata" | jq --arg room "$room" --arg start "$start" --arg organizer "$organizer" \
    --arg id "${folder##*/}/$name" --arg participants "$2" '{
      meeting: {
        externalId: "\($room) \($start)", organizer: $organizer, subject: ($room | split("/") | last), startDateTime: $start,
        participants: (if $participants == "yes"
          then [.participants[]? | (.user?.email? // .email? // empty) | {user: .}] | unique
          else [] end)
      },
      recording: {createdDateTime: $start},
      source: {system: "jibri", id: $id}
    }'
}

# upload_file FILE
upload_file() {
  with=${JIBRI_PARTICIPANTS:-no}
  request "$1" "$with" >"$work/request"
  status=0
  "$upload" "$1" "$work/request" >"$work/recording" || status=$?
  if [ "$status" = 1 ] && [ "$with" = yes ]; then
    say "${1##*/}: once more without participants, of whom somebody is no user"
    request "$1" no >"$work/request"
    status=0
    "$upload" "$1" "$work/request" >"$work/recording" || status=$?
  fi
  return "$status"
}

# upload_session FOLDER: everything that has been recorded there and is not uploaded yet.
upload_session() {
  session=$(cd "$1" && pwd)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 75' HUP INT TERM
  count=0
  for file in "$session"/*_????-??-??-??-??-??.*; do
    [ -f "$file" ] || continue
    count=$((count + 1))
    mark=$session/.${file##*/}.uploaded
    if [ ! -e "$mark" ]; then
      upload_file "$file"
      mv "$work/recording" "$mark"
      say "${file##*/}: uploaded"
    fi
  done
  if [ "$count" = 0 ]; then
    say "$session: there is no recording in it"
    return 1
  fi
  if [ "${JIBRI_DELETE-}" = yes ]; then rm -rf "$session"; fi
}

# sweep DIR: each session by itself, so that one that fails does not keep back the others.
sweep() {
  failed=0
  for session in "$1"/*/; do
    [ -d "$session" ] || continue
    # Being recorded, or empty, or done.
    set -- "$session"*_????-??-??-??-??-??.*
    [ -f "$1" ] || continue
    if [ -n "$(find "$session" -type f ! -name '.*' -mmin "-${JIBRI_SETTLED:-10}" | head -n 1)" ]; then continue; fi
    "$own" --now "$session" || failed=1
  done
  return "$failed"
}

case ${1-} in
--sweep) sweep "${2:?a folder is missing}" ;;
--now) upload_session "${2:?a folder is missing}" ;;
'' | -*)
  say 'usage: finalize.sh FOLDER | finalize.sh --sweep DIR'
  exit 2
  ;;
*)
  if [ "${JIBRI_BACKGROUND-}" = yes ]; then
    setsid "$own" --now "$1" </dev/null >>"${JIBRI_LOG:-/dev/null}" 2>&1 &
  else
    upload_session "$1"
  fi
  ;;
esac
