"""The first code of a Python execution environment: the counterpart of bootstrap.cjs, with the same frames on the same pipe.

Between requests it stands in a blocking read that keeps the interpreter's lock, so that its threads stand still as under
Lambda's freeze, and it ends when the pipe's other end has gone. What functions see (log format, context object, shape of
errors) is that of https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html, python-context.html and
python-exceptions.html, and of AWS's open runtime client, aws/aws-lambda-python-runtime-interface-client.
"""

import atexit
import ctypes
import decimal
import errno
import importlib
import io
import json
import logging
import os
import re
import resource
import sys
import threading
import time
import traceback

PIPE = 3
NO_BREAK_SPACE = "\u00a0"
variables = os.environ
as_json = variables.get("AWS_LAMBDA_LOG_FORMAT") == "JSON"
request_id = None
sending = threading.RLock()

# Through PyDLL, because every read of Python's own lets the other threads run meanwhile.
c_read = ctypes.PyDLL(None, use_errno=True).read
c_read.restype = ctypes.c_ssize_t
c_read.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]


def read_exactly(length):
    buffer = ctypes.create_string_buffer(length)
    at = 0
    while at < length:
        count = c_read(PIPE, ctypes.byref(buffer, at), length - at)
        if count == 0:
            os._exit(0)
        if count > 0:
            at += count
        elif ctypes.get_errno() != errno.EINTR:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return buffer.raw


def next_request():
    return json.loads(read_exactly(int.from_bytes(read_exactly(4), "big")))


def send(message):
    body = json.dumps(message).encode()
    frame = memoryview(len(body).to_bytes(4, "big") + body)
    with sending:
        while frame:
            frame = frame[os.write(PIPE, frame) :]


def write_entry(text):
    send({"type": "log", "time": time.time_ns() // 1_000_000, "text": text if text.endswith("\n") else text + "\n"})


class LineSink(io.RawIOBase):
    """What stands below sys.stdout and sys.stderr: each line is an entry of the log."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.rest = b""

    def writable(self):
        return True

    def fileno(self):
        return self.descriptor

    def write(self, data):
        data = bytes(data)
        with sending:
            *lines, self.rest = (self.rest + data).split(b"\n")
            for line in lines:
                write_entry(line.decode("utf-8", "replace"))
        return len(data)

    def end_line(self):
        with sending:
            rest, self.rest = self.rest, b""
            if rest:
                write_entry(rest.decode("utf-8", "replace"))


sinks = [LineSink(1), LineSink(2)]


def end_lines():
    for sink in sinks:
        sink.end_line()


class EntryHandler(logging.Handler):
    """One record of the logging module is one entry, however many lines it has."""

    def emit(self, record):
        try:
            record.aws_request_id = request_id or ""
            write_entry(self.format(record))
        except Exception:
            self.handleError(record)


class JsonFormatter(logging.Formatter):
    # What every record has anyway; anything else was given as `extra` and is shown.
    own = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "aws_request_id"}

    def format(self, record):
        kind, error, trace = record.exc_info or (None, None, None)
        shown = {
            "timestamp": timestamp(record.created),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(trace) if kind else None,
            "errorType": kind.__name__ if kind else None,
            "errorMessage": str(error) if kind else None,
            "requestId": record.aws_request_id,
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if kind else None,
        }
        extra = {key: value for key, value in vars(record).items() if key not in self.own and key not in shown}
        shown = {key: value for key, value in {**shown, **extra}.items() if value is not None}
        return json.dumps(shown, ensure_ascii=False)


def timestamp(seconds):
    milliseconds = int(seconds * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(milliseconds // 1000)) + f".{milliseconds % 1000:03d}Z"


def set_up_logs():
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(sink, "utf-8", "backslashreplace", newline="\n", write_through=True) for sink in sinks
    )
    atexit.register(end_lines)
    logging.Formatter.converter = time.gmtime
    handler = EntryHandler()
    text = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    handler.setFormatter(JsonFormatter() if as_json else logging.Formatter(text, "%Y-%m-%dT%H:%M:%S"))
    logging.getLogger().addHandler(handler)
    level = {"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "CRITICAL"}
    named = variables.get("AWS_LAMBDA_LOG_LEVEL")
    if named:
        logging.getLogger().setLevel(level.get(named, named))


class RuntimeFault(Exception):
    """What the runtime itself finds wrong with a function."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind = f"Runtime.{kind}"
        self.trace = list(trace)


def to_error(error, of_request):
    """The error as Lambda's Python runtime reports it, which leaves out the runtime's own frames."""
    if isinstance(error, RuntimeFault):
        kind, trace = error.kind, error.trace
    else:
        frames = traceback.extract_tb(error.__traceback__)
        first = next((at for at, frame in enumerate(frames) if frame.filename != __file__), 0)
        kind, trace = type(error).__name__, traceback.format_list(frames[first:])
    return {"errorMessage": str(error), "errorType": kind, "requestId": of_request or "", "stackTrace": trace}


def log_failure(error):
    end_lines()
    if as_json:
        return write_entry(json.dumps({"timestamp": timestamp(time.time()), "level": "ERROR", **error}))
    lines = [f"[ERROR] {error['errorType']}" + (f": {error['errorMessage']}" if error["errorMessage"] else "")]
    lines.append("Traceback (most recent call last):")
    for line in "".join(error["stackTrace"]).splitlines():
        bare = line.lstrip(" ")
        # CloudWatch's console would trim plain spaces.
        lines.append(NO_BREAK_SPACE * (len(line) - len(bare)) + bare)
    write_entry("\n".join(lines))


def load_handler(named):
    module_name, dot, name = named.rpartition(".")
    if not dot:
        raise RuntimeFault(
            "MalformedHandlerName", f"Bad handler '{named}': not enough values to unpack (expected 2, got 1)"
        )
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise RuntimeFault("BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise RuntimeFault("ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise RuntimeFault("UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace) from error
    if not hasattr(module, name):
        raise RuntimeFault("HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'")
    return getattr(module, name)


class Fields:
    """An object with a fixed list of attributes, those that are missing being None."""

    names = ()

    def __init__(self, given):
        for name in self.names:
            setattr(self, name, given.get(name))

    def __repr__(self):
        return f"{type(self).__name__}([{','.join(f'{name}={getattr(self, name)}' for name in self.names)}])"


class Client(Fields):
    names = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class ClientContext(Fields):
    names = ("custom", "env", "client")

    def __init__(self, given):
        super().__init__(given)
        self.client = None if self.client is None else Client(self.client)


class CognitoIdentity(Fields):
    names = ("cognito_identity_id", "cognito_identity_pool_id")


class LambdaContext(Fields):
    names = (
        "aws_request_id",
        "log_group_name",
        "log_stream_name",
        "function_name",
        "memory_limit_in_mb",
        "function_version",
        "invoked_function_arn",
        "client_context",
        "identity",
        "tenant_id",
    )

    def __init__(self, request):
        super().__init__({})
        self.aws_request_id = request["requestId"]
        self.log_group_name = variables.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = variables.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = variables.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = variables.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = variables.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = request["invokedFunctionArn"]
        self.identity = CognitoIdentity({})
        self._deadline_milliseconds = request["deadlineMilliseconds"]
        if "clientContext" in request:
            self.client_context = ClientContext(parse_client_context(request["clientContext"]))

    def get_remaining_time_in_millis(self):
        return max(int(self._deadline_milliseconds - time.time() * 1000), 0)

    def log(self, message):
        write_entry(str(message))


def parse_client_context(text):
    try:
        parsed = json.loads(text)
        if not isinstance(parsed, dict):
            raise TypeError("expected an object")
        return parsed
    except (ValueError, TypeError) as error:
        raise RuntimeFault("LambdaContextUnmarshalError", f"Unable to parse Client Context JSON: {error}") from error


class Encoder(json.JSONEncoder):
    """JSON in which a Decimal is a number with all its digits."""

    mark = os.urandom(16).hex()
    marked = re.compile(f'"{mark}([^"]*)"')

    def default(self, value):
        if isinstance(value, decimal.Decimal):
            return float("nan") if value.is_nan() else f"{self.mark}{value}"
        return super().default(value)

    def encode(self, value):
        return self.marked.sub(r"\1", super().encode(value))


def to_payload(result):
    # Bytes are the payload as they are; the pipe carries text.
    try:
        return result.decode("utf-8") if isinstance(result, bytes) else Encoder().encode(result)
    except Exception as error:
        raise RuntimeFault("MarshalError", f"Unable to marshal response: {error}") from error


def to_event(text):
    try:
        return json.loads(text)
    except ValueError as error:
        raise RuntimeFault("UnmarshalError", f"Unable to unmarshal input: {error}") from error


def memory_megabytes():
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return -(-most // (1024 * 1024 if sys.platform == "darwin" else 1024))


def serve(handler):
    """Serves one request after another. What is no Exception, as sys.exit's SystemExit, ends the process as on AWS."""
    global request_id
    while True:
        request = next_request()
        request_id = request["requestId"]
        variables["_X_AMZN_TRACE_ID"] = request["traceId"]
        try:
            context = LambdaContext(request)
            answer = {"payload": to_payload(handler(to_event(request["event"]), context))}
        except Exception as error:
            answer = {"error": to_error(error, request_id)}
            log_failure(answer["error"])
        end_lines()
        send({"type": "done", **answer, "memoryMegabytes": memory_megabytes()})


def main():
    # In place of this file's own folder.
    sys.path[0] = variables["LAMBDA_TASK_ROOT"]
    os.set_inheritable(PIPE, False)
    set_up_logs()
    try:
        handler = load_handler(variables["_HANDLER"])
    except Exception as failure:
        error = to_error(failure, None)
        log_failure(error)
        send({"type": "init-error", "error": error, "memoryMegabytes": memory_megabytes()})
        os._exit(1)
    end_lines()
    send({"type": "ready"})
    serve(handler)


main()
