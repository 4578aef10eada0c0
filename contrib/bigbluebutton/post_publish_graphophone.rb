#!/usr/bin/ruby
# frozen_string_literal: true

# BigBlueButton's hook after a recording has been published: hands it to `backfill`, which uploads it.
#
# BigBlueButton runs it once for each format (older versions once for all). It acts on the format that `backfill` likes best
# among those that are installed, so that a meeting is one recording; what it misses is brought in by `backfill` in cron.
#
# Where: /usr/local/bigbluebutton/core/scripts/post_publish/post_publish_graphophone.rb, with the rest of this folder in
# /opt/graphophone-contrib/bigbluebutton. Needs nothing but Ruby.
#
# Settings: those of backfill, in the file /etc/graphophone-upload.env, and BBB_BACKFILL, where backfill is elsewhere.
#
# Try it:
#   sudo -u bigbluebutton ruby post_publish_graphophone.rb -m RECORD_ID -f presentation

require 'optparse'

record_id = format = nil
OptionParser.new do |options|
  options.on('-m', '--meeting-id ID') { |value| record_id = value }
  options.on('-f', '--format FORMAT') { |value| format = value }
end.parse!

unless record_id&.match?(/\A[0-9a-f]+-[0-9]+\z/)
  warn 'graphophone: no record id: -m is expected'
  exit 2
end

backfill = ENV.fetch('BBB_BACKFILL', '/opt/graphophone-contrib/bigbluebutton/backfill')
arguments = format ? ['--published', format, record_id] : [record_id]
# An array of program and name: no shell has a part in it.
exec([backfill, backfill], *arguments)
