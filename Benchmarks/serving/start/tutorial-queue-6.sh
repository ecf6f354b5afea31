# As tutorial-queue-1 with the six workers the tutorial's README scales to.
exec bash "$(dirname "$0")/tutorial-queue-1.sh" "$1" 6
