"""gRPC's own services, with gRPC's own clients."""
import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from grpc_server import serving


@pytest.fixture(scope="module")
def channel():
    with serving() as server, grpc.insecure_channel(server.address) as channel:
        yield channel


@pytest.mark.parametrize("service", ["", "inference.GRPCInferenceService"])
def test_health(channel, service):
    request = health_pb2.HealthCheckRequest(service=service)
    health = health_pb2_grpc.HealthStub(channel)
    assert health.Check(request).status == health_pb2.HealthCheckResponse.SERVING
    assert next(health.Watch(request)).status == health_pb2.HealthCheckResponse.SERVING


def test_health_of_an_unknown_service(channel):
    request = health_pb2.HealthCheckRequest(service="rose")
    health = health_pb2_grpc.HealthStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(request)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert next(health.Watch(request)).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


def test_reflection_is_enough_to_call(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert set(database.get_services()) >= {
        "inference.GRPCInferenceService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection"}
    pool = DescriptorPool(database)
    for service in database.get_services():
        assert pool.FindServiceByName(service).methods
    service = pool.FindServiceByName("inference.GRPCInferenceService")
    method = service.FindMethodByName("ServerMetadata")
    call = channel.unary_unary(
        f"/{service.full_name}/{method.name}",
        response_deserializer=GetMessageClass(method.output_type).FromString)
    assert call(b"").name == "coppice"
    with pytest.raises(KeyError):
        pool.FindMessageTypeByName("inference.Rose")


def test_an_unknown_method(channel):
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary("/inference.GRPCInferenceService/Rose")(b"")
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
