/**
 * Each format read by a real receiver's own parser: what it finds are the log's fields. Values are those that trouble
 * parsers: quotes, signs, separators, backslashes, UTF-8, line breaks.
 */
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createFormat, type FormatSpec } from '../../src/format/registry.ts';
import { oracleLog, oracleText } from '../support/oracles/format-oracle.ts';
import { freePort, launch, missingReceiver, type RealReceiver } from '../support/receivers/real-receivers.ts';
import { waitUntil } from '../support/wait-until.ts';

const value = 'a="b" \\c| [é] 漢😀\r\n\tend';
const fields = { ip: '192.0.2.7', user: 'alice', v: value, __topic__: 'web' };

let receiver: RealReceiver | undefined;
afterEach(async () => {
  await receiver?.dispose();
  receiver = undefined;
});

/** Sends the text of each format as one RFC 5424 message, its name as APP-NAME. */
async function send(port: number, specs: readonly FormatSpec[]): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.resume();
  for (const spec of specs) {
    const format = createFormat(spec);
    const text = oracleText(format, oracleLog(fields)).toString();
    const after = 'place' in format && format.place === 'structured-data' ? text : `- ${text}`;
    const message = Buffer.from(`<14>1 2026-11-20T10:11:12Z host ${format.name} - - ${after}`);
    socket.write(Buffer.concat([Buffer.from(`${message.length} `), message]));
  }
  socket.end();
  await once(socket, 'close');
}

/** @returns the receiver's lines as UTF-8, once there are so many */
async function linesOf(up: RealReceiver, count: number): Promise<string[]> {
  return waitUntil(async () => {
    const lines = await up.lines();
    expect(lines.length).toBeGreaterThanOrEqual(count);
    return lines.map((line) => Buffer.from(line, 'latin1').toString());
  });
}

const noRsyslog = missingReceiver('rsyslog');
describe.skipIf(noRsyslog)(`rsyslog${noRsyslog ? ` (skipped: ${noRsyslog})` : ''}`, () => {
  async function start(rules: string): Promise<RealReceiver> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'rsyslog-formats-'));
    const port = await freePort();
    const output = path.join(directory, 'out');
    await writeFile(
      path.join(directory, 'rsyslog.conf'),
      `global(workDirectory="${directory}" parser.escapeControlCharactersOnReceive="off")
module(load="imptcp")
module(load="mmjsonparse")
module(load="mmpstrucdata")
input(type="imptcp" address="127.0.0.1" port="${port}")
${rules.replaceAll('OUTPUT', output)}
`,
    );
    receiver = await launch('rsyslog', directory, output, port, 'tcp');
    return receiver;
  }

  it('reads JSON by mmjsonparse, without a cookie', async () => {
    const up = await start(`action(type="mmjsonparse" cookie="")
template(name="all" type="string" string="%$!all-json%\\n")
action(type="omfile" file="OUTPUT" template="all")`);
    await send(up.port, [{ format: 'json' }, { format: 'json', inferTypes: true, nest: ['v'] }]);
    const lines = (await linesOf(up, 2)).map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual([
      { __topic__: 'web', __source__: '', ip: '192.0.2.7', user: 'alice', v: value },
      { __topic__: 'web', __source__: '', ip: '192.0.2.7', user: 'alice', v: value },
    ]);
  });

  it('reads CEF by a template', async () => {
    const up = await start(`template(name="cef" type="list") {
  property(name="msg" field.number="2" field.delimiter="124") constant(value="\\t")
  property(name="msg" field.number="7" field.delimiter="124") constant(value="\\t")
  property(name="msg" regex.type="ERE" regex.expression="[| ]src=([0-9.]+)" regex.submatch="1") constant(value="\\t")
  property(name="msg" regex.type="ERE" regex.expression="[| ]suser=([^ ]+)" regex.submatch="1") constant(value="\\n")
}
action(type="omfile" file="OUTPUT" template="cef")`);
    await send(up.port, [{ format: 'cef', map: { src: 'ip', suser: 'user' } }]);
    expect(await linesOf(up, 1)).toEqual(['Alibaba Cloud\t2\t192.0.2.7\talice']);
  });

  it('reads structured data by mmpstrucdata', async () => {
    const up = await start(`action(type="mmpstrucdata")
template(name="sd" type="string" string="%$!rfc5424-sd%\\n")
action(type="omfile" file="OUTPUT" template="sd")`);
    await send(up.port, [{ format: 'sd', enterpriseId: 4711 }]);
    const [line = ''] = await linesOf(up, 1);
    // Its own reading of \\n is the two characters that stand there.
    const spelled = value.replace('\r', '\\r').replace('\n', '\\n').replace('\t', '\\t');
    expect(JSON.parse(line)).toEqual({
      'fields@4711': { __topic__: 'web', __source__: '', ip: '192.0.2.7', user: 'alice', v: spelled },
    });
  });
});

const noSyslogNg = missingReceiver('syslog-ng');
describe.skipIf(noSyslogNg)(`syslog-ng${noSyslogNg ? ` (skipped: ${noSyslogNg})` : ''}`, () => {
  /** @param columns of the output, as templates */
  async function start(parsers: string, columns: readonly string[]): Promise<RealReceiver> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'syslog-ng-formats-'));
    const port = await freePort();
    const output = path.join(directory, 'out');
    const template = columns.map((column) => `<\${${column}}>`).join('');
    await writeFile(
      path.join(directory, 'syslog-ng.conf'),
      `@version: 3.38
options { keep-hostname(yes); stats-freq(0); };
source s { syslog(ip("127.0.0.1") port(${port}) transport("tcp")); };
destination d { file("${output}" template("$(replace-delimiter '\\n\\r\\t' '~' '${template}')\\n")); };
log { source(s); ${parsers} destination(d); };
`,
    );
    receiver = await launch('syslog-ng', directory, output, port, 'tcp');
    return receiver;
  }

  const broken = value.replace(/[\r\n\t]/g, '~');

  it('reads JSON by json-parser, also behind a byte order mark', async () => {
    const up = await start('parser { json-parser(prefix(".j.")); };', ['.j.ip', '.j.user', '.j.v']);
    await send(up.port, [{ format: 'json' }, { format: 'json', bom: true }]);
    const line = `<192.0.2.7><alice><${broken}>`;
    expect(await linesOf(up, 2)).toEqual([line, line]);
  });

  it('reads key=value by kv-parser', async () => {
    const parser = 'parser { kv-parser(prefix(".k.") value-separator("=") pair-separator("||")); };';
    const up = await start(parser, ['.k.__topic__', '.k.ip', '.k.user']);
    await send(up.port, [{ format: 'kv' }]);
    expect(await linesOf(up, 1)).toEqual(['<web><192.0.2.7><alice>']);
  });

  it("reads LEEF's head by csv-parser, and its attributes by kv-parser", async () => {
    const columns = '".l.leef", ".l.vendor", ".l.product", ".l.version", ".l.event", ".l.rest"';
    const up = await start(
      `parser { csv-parser(columns(${columns}) delimiters("|") flags(greedy) dialect(escape-none) quote-pairs("")); };
  parser { kv-parser(prefix(".k.") template("\${.l.rest}") value-separator("=") pair-separator("\\t")); };`,
      ['.l.leef', '.l.vendor', '.l.event', '.k.sev', '.k.devTime', '.k.src', '.k.usrName'],
    );
    await send(up.port, [{ format: 'leef', map: { src: 'ip', usrName: 'user' } }]);
    expect(await linesOf(up, 1)).toEqual(['<LEEF:1.0><Alibaba Cloud><web><2><1795169472000><192.0.2.7><alice>']);
  });

  it("reads CEF's head by csv-parser (which cannot undo an escaped bar there)", async () => {
    const columns = '".c.cef", ".c.vendor", ".c.product", ".c.version", ".c.id", ".c.name", ".c.severity", ".c.rest"';
    const up = await start(
      `parser { csv-parser(columns(${columns}) delimiters("|") flags(greedy) dialect(escape-backslash) quote-pairs("")); };`,
      ['.c.cef', '.c.vendor', '.c.id', '.c.name', '.c.severity'],
    );
    await send(up.port, [{ format: 'cef', eventName: 'a=b' }]);
    expect(await linesOf(up, 1)).toEqual(['<CEF:0><Alibaba Cloud><web><a=b><2>']);
  });
});
