/**
 * What the reference encoder is compared with: decode with protobufjs to objects, concatenate strings, encode them as UTF-8.
 * Written as one would write it in earnest (strings decoded once, the time stamp of a second kept, a test before
 * each replacement, one Buffer a batch), and it writes the same bytes.
 */
import protobuf from 'protobufjs';

const schema = `
syntax = "proto2";
message LogContent { required string Key = 1; required string Value = 2; }
message Log { required uint32 Time = 1; repeated LogContent Contents = 2; optional fixed32 TimeNs = 4; }
message LogTag { required string Key = 1; required string Value = 2; }
message LogGroup {
  repeated Log Logs = 1;
  optional string Category = 2;
  optional string Topic = 3;
  optional string Source = 4;
  optional string MachineUUID = 5;
  repeated LogTag LogTags = 6;
}
message LogGroupList { repeated LogGroup LogGroups = 1; }
`;

interface Field {
  Key: string;
  Value: string;
}

interface GroupList {
  LogGroups: {
    Topic: string;
    Source: string;
    LogTags: Field[];
    Logs: { Time: number; TimeNs: number; Contents: Field[] }[];
  }[];
}

const listType = protobuf.parse(schema, { keepCase: true }).root.lookupType('LogGroupList');
const mustEscape = /[\0-\x1f\x7f\\|]/;
const escapable = /[\0-\x1f\x7f\\|]/g;
const keyMustEscape = /[\0-\x1f\x7f\\|=]/;
const keyEscapable = /[\0-\x1f\x7f\\|=]/g;
const named: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', '|': '\\|', '=': '\\=' };

/** Octet-counted RFC 5424 messages of key=value text, with the header of `hostname` and `appName`. */
export function createProtobufFormatter(hostname: string, appName: string): (raw: Uint8Array) => Buffer {
  const tail = ` ${hostname} ${appName} - - - `;
  let second = -1;
  let stamp = '';
  const header = (time: number, timeNs: number): string => {
    if (time !== second) {
      second = time;
      stamp = new Date(time * 1000).toISOString().slice(0, 19);
    }
    const fraction = timeNs ? `.${String(timeNs).padStart(9, '0').slice(0, 6)}` : '';
    return `<14>1 ${stamp}${fraction}Z${tail}`;
  };
  return (raw) => {
    const list = listType.decode(raw) as unknown as GroupList;
    let frames = '';
    for (const group of list.LogGroups) {
      const shared = `||__topic__=${escapeValue(group.Topic)}||__source__=${escapeValue(group.Source)}`;
      let tags = '';
      for (const { Key, Value } of group.LogTags) tags += `||__tag__:${escapeKey(Key)}=${escapeValue(Value)}`;
      for (const log of group.Logs) {
        let message = header(log.Time, log.TimeNs) + shared;
        if (log.TimeNs) message += `||__time_ns_part__=${log.TimeNs}`;
        message += tags;
        for (const { Key, Value } of log.Contents) message += `||${escapeKey(Key)}=${escapeValue(Value)}`;
        frames += `${Buffer.byteLength(message)} ${message}`;
      }
    }
    return Buffer.from(frames);
  };
}

function escapeValue(text: string): string {
  return mustEscape.test(text) ? text.replace(escapable, escapeOf) : text;
}

function escapeKey(text: string): string {
  return keyMustEscape.test(text) ? text.replace(keyEscapable, escapeOf) : text;
}

function escapeOf(character: string): string {
  return named[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
