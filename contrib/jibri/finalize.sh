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
# Needs: what upload.sh needs, and `date`, `find` and `stat` of GNU or busybox.
#
# Settings: those of upload.sh and these, in the environment or as NAME=value in the file that UPLOAD_SETTINGS names
# (/etc/graphophone-upload.env where there is one). It holds a secret: chmod 600, chown jibri.
#   UPLOAD_ORGANIZER     whose meetings they are: object id or userPrincipalName
#   UPLOAD_ORGANIZERS    a file with lines ROOM ORGANIZER, looked at first
#   JIBRI_PARTICIPANTS   yes: whoever has an e-mail address in metadata.json took part, where all of them are users
#   JIBRI_DELETE         yes: the recordings of a session are deleted when all of them are uploaded and none has changed since,
#                        and its folder where nothing else is left in it
#   JIBRI_BACKGROUND     yes: Jibri does not wait for the upload, which is free for the next call then
#   JIBRI_LOG            where the upload in the background says what it does; /dev/null
#   JIBRI_SETTLED        a sweep passes over what has changed in so many minutes, as it may be recorded now; 10
#   TZ                   the time zone of the file names, where it is not that of the machine
#
# Ends with 0 when every recording of the session is there, 1 where one is refused (the others are uploaded), 2 for wrong use,
# 75 where it gave up for now. A sweep ends with 1 where a session did not end with 0.
#
# Try it:
#   UPLOAD_SETTINGS=./upload.env ./finalize.sh /srv/recordings/abcdefghijklmnop
set -eu

say() { printf 'jibri: %s\n' "$*" >&2; }

# expect_folder WHAT FOLDER
expect_folder() {
  if [ ! -d "$2" ]; then
    say "$2 is no folder: expected $1"
    exit 2
  fi
}

settings=${UPLOAD_SETTINGS:-/etc/graphophone-upload.env}
case $settings in */*) ;; *) settings=./$settings ;; esac
if [ -n "${UPLOAD_SETTINGS-}" ] || [ -e "$settings" ]; then
  if [ ! -r "$settings" ]; then
    say "the file of settings $settings is not there, or $(id -un) cannot read it"
    exit 2
  fi
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

# request FILE WITH_PARTICIPANTS: what is asked for, without the item. As it may be part of a condition, where `set -e` does
# nothing, it says by itself what fails.
request() {
  folder=${1%/*}
  name=${1##*/}
  base=${name%.*}
  # NAME_2026-03-01-14-05-09.mp4, in the time of this machine.
  call=${base%_*}
  local_time=$(printf '%s' "${base##*_}" | sed 's/^\(....-..-..\)-\(..\)-\(..\)-\(..\)$/\1 \2:\3:\4/')
  if ! seconds=$(date -d "$local_time" +%s 2>/dev/null); then
    say "$name: $local_time is no time"
    return 1
  fi
  start=$(date -u -d "@$seconds" +%Y-%m-%dT%H:%M:%SZ) || return
  metadata=$(jq -c 'if type == "object" then . else {} end' "$folder/metadata.json" 2>/dev/null) || metadata='{}'
  room=$(printf '%s' "$metadata" | jq -r '.meeting_url // "" | sub("[?#].*"; "") | sub("^[a-z]+://[^/]*/*"; "") | sub("/+$"; "")') || return
  room=${room:-$call}
  organizer=$(organizer_of "$room") || return
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
  request "$1" "$with" >"$work/request" || return
  status=0
  "$upload" "$1" "$work/request" >"$work/recording" || status=$?
  if [ "$status" = 1 ] && [ "$with" = yes ]; then
    say "${1##*/}: once more without participants, of whom somebody is no user"
    request "$1" no >"$work/request" || return
    status=0
    "$upload" "$1" "$work/request" >"$work/recording" || status=$?
  fi
  return "$status"
}

mark_of() { printf '%s/.%s.uploaded' "${1%/*}" "${1##*/}"; }
# state_of FILE: its size and when it was written last. A mark that says something else is of a file that has changed since.
state_of() { stat -c '%s %Y' "$1" 2>/dev/null; }
is_uploaded() {
  state=$(state_of "$1") && [ "$state" = "$(jq -r '"\(.size) \(.modified)"' "$(mark_of "$1")" 2>/dev/null)" ]
}

# upload_and_mark FILE
upload_and_mark() {
  # As it was before anything of it was read.
  state=$(state_of "$1") || return
  upload_file "$1" || return
  jq -c --arg state "$state" '($state | split(" ") | map(tonumber)) as [$size, $modified]
    | {$size, $modified, recording: .}' "$work/recording" >"$work/mark" || return
  mv "$work/mark" "$(mark_of "$1")" || return
  say "${1##*/}: uploaded"
}

# upload_session FOLDER: everything that has been recorded there and is not uploaded yet.
upload_session() {
  session=$(cd "$1" && pwd)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 75' HUP INT TERM
  count=0 failed=0
  for file in "$session"/*_????-??-??-??-??-??.*; do
    [ -f "$file" ] || continue
    count=$((count + 1))
    if is_uploaded "$file"; then continue; fi
    ended=0
    upload_and_mark "$file" || ended=$?
    case $ended in
    0) ;;
    # Refused, or no good: the next one may be.
    1)
      say "${file##*/} is not uploaded, and stays"
      failed=1
      ;;
    *) return "$ended" ;;
    esac
  done
  if [ "$count" = 0 ]; then
    say "$session: there is no recording in it"
    return 1
  fi
  if [ "$failed" = 0 ] && [ "${JIBRI_DELETE-}" = yes ]; then delete_session; fi
  return "$failed"
}

# delete_session: what is uploaded as it is now, and the folder where nothing else is left in it.
delete_session() {
  for file in "$session"/*_????-??-??-??-??-??.*; do
    [ -f "$file" ] || continue
    if ! is_uploaded "$file"; then
      say "${file##*/} stays, as it has changed since it was uploaded"
      failed=1
      return 0
    fi
  done
  for file in "$session"/*_????-??-??-??-??-??.*; do
    if [ -f "$file" ] && is_uploaded "$file"; then rm -f "$file" "$(mark_of "$file")"; fi
  done
  others=$(find "$session" -mindepth 1 -maxdepth 1 ! -name metadata.json ! -name '.*.uploaded')
  if [ -n "$others" ]; then
    # A sweep passes over it from now on, as there is no recording in it any more.
    say "$session stays, as there is more in it: $(printf '%s\n' "$others" | sed 's|.*/||' | tr '\n' ' ')"
    return 0
  fi
  rm -f "$session/metadata.json" "$session"/.*.uploaded
  rmdir "$session"
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

usage() {
  say 'usage: finalize.sh FOLDER | finalize.sh --sweep DIR'
  exit 2
}

case ${1-} in
--sweep)
  [ $# = 2 ] || usage
  expect_folder "Jibri's recordings-directory, such as /srv/recordings" "$2"
  sweep "$2"
  ;;
--now)
  [ $# = 2 ] || usage
  upload_session "$2"
  ;;
'' | -*) usage ;;
*)
  expect_folder 'that of a session, such as /srv/recordings/abcdefghijklmnop' "$1"
  if [ "${JIBRI_BACKGROUND-}" = yes ]; then
    setsid "$own" --now "$1" </dev/null >>"${JIBRI_LOG:-/dev/null}" 2>&1 &
  else
    upload_session "$1"
  fi
  ;;
esac
