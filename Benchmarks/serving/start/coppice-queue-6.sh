# As coppice-queue-1, with the six workers that the tutorial scales to.
exec bash "$(dirname "$0")/coppice-queue-1.sh" "$1" 6
