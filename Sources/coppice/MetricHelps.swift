/// What each metric counts, for `/metrics`.
let metricHelps = [
  "coppice_http_requests_total": "HTTP requests answered.",
  "coppice_http_request_duration_seconds": "Time from the head of a request to its answer.",
  "coppice_predicted_rows_total": "Rows that were predicted.",
  "coppice_prediction_duration_seconds": "Time of a prediction, with the queue if there is one.",
  "coppice_prediction_failures_total": "Prediction requests that failed.",
  "coppice_jobs_enqueued_total": "Jobs that this process put into the queue.",
  "coppice_jobs_refused_total": "Jobs that it could not put into the queue.",
  "coppice_jobs_taken_total": "Jobs that this worker took, those taken over included.",
  "coppice_jobs_taken_over_total": "Jobs that another worker, or a lost connection, left behind.",
  "coppice_jobs_completed_total": "Outcomes that this worker committed.",
  "coppice_jobs_duplicate_total": "Outcomes that were refused, because the job had one.",
  "coppice_jobs_dead_total": "Jobs that were set aside.",
  "coppice_job_wait_seconds": "Time of a job from being handed in to being taken.",
  "coppice_queue_waiting": "Jobs that wait for a worker.",
  "coppice_queue_running": "Jobs in the hands of workers.",
  "coppice_queue_depth": "Jobs that wait or run.",
]
