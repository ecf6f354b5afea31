/// What each metric counts, for `/metrics`.
let metricHelps = [
  "coppice_http_requests_total": "HTTP requests answered.",
  "coppice_http_request_duration_seconds": "Time from the head of a request to its answer.",
  "coppice_predicted_rows_total": "Rows that were predicted.",
  "coppice_prediction_duration_seconds": "Time of a prediction, with the queue if there is one.",
  "coppice_prediction_failures_total": "Prediction requests that failed.",
]
