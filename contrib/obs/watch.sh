#!/bin/sh
# Watches the folder of OBS, and imports each recording once OBS has finished it.
#
#   watch.sh [OPTION…]          options go to `graphophone import`, such as --config FILE, --data DIR or --copy
#
# Where: on the machine that has the store, /usr/local/bin/graphophone-obs, with graphophone-obs.service beside it as
# /etc/systemd/system/graphophone-obs.service. Where OBS runs on another machine, share its folder: NFS and SMB will do.
#
# OBS: Settings, Advanced, Recording: switch "Automatically remux to mp4" off, or each recording comes twice. All formats of OBS that
# have an index of their own kind are taken: MKV, hybrid and fragmented MP4, MOV, MP4. Of what breaks off while it is recorded, MKV and
# fragmented MP4 still play.
#
# A pause in OBS looks like the end: what is recorded after one that is longer than OBS_SETTLED does not come in, and with OBS_DELETE=yes
# it is lost, as the file has been removed by then. With OBS_DELETE=yes do not pause, or set OBS_SETTLED to more than the longest pause.
#
# Settings, in the environment or as NAME=value in the file that UPLOAD_SETTINGS names (/etc/graphophone-upload.env where there is one):
#   UPLOAD_ORGANIZER     whose meetings they are: object id or userPrincipalName
#   OBS_FOLDER           where OBS puts its recordings
#   OBS_DELETE           yes: a recording is removed from there once it is safely stored
#   OBS_SETTLED          a recording is complete when nothing has changed for so long; 60s, or 10m with OBS_DELETE=yes
#   OBS_INTERVAL         time between two looks; 10s
#   OBS_TENANT           the tenant, where the store has more than one
#   OBS_GRAPHOPHONE      the program; graphophone
#
# Try it:
#   UPLOAD_ORGANIZER=megan@example.org OBS_FOLDER=~/Videos ./watch.sh --data ./store
# or, with the store of a server, as its user:
#   sudo -u graphophone /usr/local/bin/graphophone-obs --config /etc/graphophone.toml
set -eu

settings=${UPLOAD_SETTINGS:-/etc/graphophone-upload.env}
case $settings in */*) ;; *) settings=./$settings ;; esac
if [ -n "${UPLOAD_SETTINGS-}" ] || [ -e "$settings" ]; then
  if [ ! -r "$settings" ]; then
    printf 'obs: the file of settings %s is not there, or %s cannot read it\n' "$settings" "$(id -un)" >&2
    exit 2
  fi
  set -a
  # shellcheck source=/dev/null
  . "$settings"
  set +a
fi
for name in UPLOAD_ORGANIZER OBS_FOLDER; do
  if eval "[ -z \"\${$name-}\" ]"; then
    printf 'obs: %s is not set: see the head of %s\n' "$name" "$0" >&2
    exit 2
  fi
done

settled=60s
[ "${OBS_DELETE-}" != yes ] || settled=10m
set -- --watch --organizer "$UPLOAD_ORGANIZER" --settle "${OBS_SETTLED:-$settled}" --interval "${OBS_INTERVAL:-10s}" "$@"
[ "${OBS_DELETE-}" != yes ] || set -- --move "$@"
[ -z "${OBS_TENANT-}" ] || set -- --tenant "$OBS_TENANT" "$@"
exec "${OBS_GRAPHOPHONE:-graphophone}" import "$@" -- "$OBS_FOLDER"
