import os

import litserve as ls


class Iris(ls.LitAPI):
    def setup(self, device):
        import model
        self.m, self.iris = model, model.booster()

    def decode_request(self, request):
        return self.m.check_row(request["data"])

    def predict(self, row):
        return self.m.classify(self.iris, row)

    def encode_response(self, k):
        return {"prediction": k, "name": self.m.NAMES[k]}


if __name__ == "__main__":
    server = ls.LitServer(Iris(api_path="/predict"), accelerator="cpu", workers_per_device=2)
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), num_api_servers=2,
               generate_client_file=False, log_level="warning", access_log=False)
