"""Records what the official sample sends: runs its own code on vendor-text.logs.json, and prints one text a line.

    git clone https://github.com/aliyun/aliyun-log-python-sdk SDK
    python3 vendor-text.py SDK > vendor-text.txt

Nothing of the SDK is needed but two of its files, and nothing of them is kept here: PullLogResponse's flattening, and
the sample's SyncData.process, which builds the text. What they import is replaced by the little that they use of it.
"""
import io
import json
import pathlib
import sys
import types


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    made.__path__ = []
    sys.modules[name] = made
    return made


class Anything:
    def __init__(self, *args, **kwargs):
        pass


class Recorder:
    """In place of the syslog client."""

    texts = []

    def __init__(self, *args, **kwargs):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return False

    def log(self, text, **kwargs):
        self.texts.append(text)


class ConsumerProcessorBase:
    shard_id = 0

    def save_checkpoint(self, tracker):
        pass


def load(name, path):
    made = types.ModuleType(name)
    made.__package__ = name.rpartition(".")[0]
    made.__file__ = str(path)
    sys.modules[name] = made
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), made.__dict__)
    return made


def group(data):
    record = types.SimpleNamespace
    return record(
        Topic=data["topic"],
        Source=data["source"],
        LogTags=[record(Key=key, Value=value) for key, value in data["tags"]],
        Logs=[
            record(
                Time=log["time"],
                Time_ns=log.get("timeNs", 0),
                Contents=[record(Key=key, Value=value) for key, value in log["contents"]],
            )
            for log in data["logs"]
        ],
    )


def main(sdk):
    here = pathlib.Path(__file__).parent
    module("six", PY2=False, PY3=True, text_type=str, StringIO=io.StringIO, iteritems=lambda items: items.items(), binary_type=bytes)
    module("aliyun")
    module("aliyun.log")
    module("aliyun.log.logexception", LogException=Exception)
    module("aliyun.log.logresponse", LogResponse=Anything)
    module("aliyun.log.util", Util=Anything, base64_encodestring=None)
    module("aliyun.log.proto", LogGroupList=Anything, LogGroupListRaw=Anything)
    module("requests")
    module("aliyun.log.consumer", ConsumerProcessorBase=ConsumerProcessorBase, LogHubConfig=Anything)
    client = module("aliyun.log.ext.syslogclient", SyslogClientRFC5424=Recorder)
    module("aliyun.log.ext", syslogclient=client)
    module("logging.handlers", RotatingFileHandler=lambda *args, **kwargs: __import__("logging").NullHandler())
    load("aliyun.log.pulllog_response", sdk / "aliyun/log/pulllog_response.py")
    sample = load("sample", sdk / "tests/consumer_group_examples/sync_data_to_syslog.py")
    sync = sample.SyncData({"host": "127.0.0.1", "protocol": "tcp", "sep": "||"})
    groups = json.loads((here / "vendor-text.logs.json").read_text(encoding="utf-8"))
    sync.process(types.SimpleNamespace(LogGroups=[group(each) for each in groups]), None)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    for text in Recorder.texts:
        print(text)


main(pathlib.Path(sys.argv[1]))
