/**
 * Real syslog daemons as receivers: rsyslog and syslog-ng, each in a directory of its own, writing one line for each
 * message that it has parsed. `.ci/install-receivers` installs them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../listen.ts';

/** What a receiver made of one message. Text as latin1: one character a byte, valid UTF-8 or not. */
export interface ReceivedMessage {
  readonly pri: string;
  readonly timestamp: string;
  readonly hostname: string;
  readonly appName: string;
  readonly procId: string;
  readonly msgId: string;
  readonly structuredData: string;
  readonly message: string;
}

export interface RealReceiver {
  readonly port: number;
  /** The file that it writes to. */
  readonly output: string;
  /** Everything written up to now. */
  messages(): Promise<ReceivedMessage[]>;
  /** The same as it stands in the file. */
  lines(): Promise<string[]>;
  /** Ends it in peace, so that all it holds is written. */
  stop(): Promise<void>;
  /** SIGKILL: what it has not read, or not written, is lost. */
  kill(): Promise<void>;
  /**
   * The same, at a moment in which no sender takes it for an answer. Where a receiver has read everything up to the
   * sender's end, and is killed before it has written that, its kernel ends the connection as if in peace: over TCP nobody
   * can tell. (rsyslog with a direct queue reads 128 KiB at a time, and writes them one message after the other.)
   */
  killUnanswering(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
  /** After `stop` or `kill`: the same port, and the same file, which it appends to. */
  restart(): Promise<void>;
  /** Ends it and removes its directory. */
  dispose(): Promise<void>;
}

/** Paths of PEM files for a receiver that asks for a client certificate of the same authority. */
export interface ReceiverTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export type RsyslogInput = 'imudp' | 'imptcp' | 'imtcp' | 'imtcp-tls';
export type SyslogNgSource = 'syslog-tcp' | 'syslog-tls' | 'network-lf' | 'network-udp';

const syslogNgRoot = process.env.SYSLOG_NG_ROOT ?? path.join(os.homedir(), '.cache/sls-syslog/syslog-ng');
const rsyslogd = ['/usr/sbin/rsyslogd', '/sbin/rsyslogd'].find((file) => existsSync(file));
const syslogNg = path.join(syslogNgRoot, 'usr/sbin/syslog-ng');

/** Why the test cannot run here; undefined when it can. In CI a missing receiver is a failure, not a reason. */
export function missingReceiver(program: 'rsyslog' | 'syslog-ng'): string | undefined {
  const found = program === 'rsyslog' ? rsyslogd !== undefined : existsSync(syslogNg);
  if (found || process.env.CI) return undefined;
  return `${program} is not installed; .ci/install-receivers installs it (Debian, as root)`;
}

/** Larger than any message of the tests. (A frame over rsyslog's own limit, 200,000 bytes, ends its octet counting.) */
const maxMessageBytes = 1 << 20;

const fieldsInOrder = [
  'pri',
  'timestamp',
  'hostname',
  'appName',
  'procId',
  'msgId',
  'structuredData',
  'message',
] as const;

/**
 * @param queue `Direct`: what it has read it writes before it reads on; otherwise it holds messages in memory, and
 * loses them when it is killed
 */
export async function startRsyslog(
  input: RsyslogInput,
  tls?: ReceiverTls,
  queue: 'LinkedList' | 'Direct' = 'LinkedList',
): Promise<RealReceiver> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'rsyslog-'));
  const port = await freePort();
  const output = path.join(directory, 'out');
  const inputs: Record<RsyslogInput, string> = {
    imudp: `module(load="imudp" TimeRequery="1")
input(type="imudp" address="127.0.0.1" port="${port}" rcvbufSize="16m")`,
    imptcp: `module(load="imptcp")
input(type="imptcp" address="127.0.0.1" port="${port}" maxFrameSize="${maxMessageBytes}")`,
    imtcp: `module(load="imtcp" maxFrameSize="${maxMessageBytes}")
input(type="imtcp" address="127.0.0.1" port="${port}")`,
    'imtcp-tls': `global(DefaultNetstreamDriver="ossl" DefaultNetstreamDriverCAFile="${tls?.caFile}"
  DefaultNetstreamDriverCertFile="${tls?.certFile}" DefaultNetstreamDriverKeyFile="${tls?.keyFile}")
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid"
  maxFrameSize="${maxMessageBytes}")
input(type="imtcp" address="127.0.0.1" port="${port}")`,
  };
  const properties = ['pri', 'timereported', 'hostname', 'app-name', 'procid', 'msgid', 'structured-data', 'msg'];
  const columns = properties.map(
    (name) => `property(name="${name}"${name === 'timereported' ? ' dateFormat="rfc3339"' : ''})`,
  );
  await writeFile(
    path.join(directory, 'rsyslog.conf'),
    `global(workDirectory="${directory}" maxMessageSize="${maxMessageBytes}")
main_queue(queue.type="${queue}" queue.size="20000")
${inputs[input]}
template(name="line" type="list") { ${columns.join(' constant(value="\\t") ')} constant(value="\\n") }
action(type="omfile" file="${output}" template="line")
`,
  );
  return launch('rsyslog', directory, output, port, input === 'imudp' ? 'udp' : 'tcp');
}

/** The most that a syslog-ng started with `bounded` can have read and not written when it is killed; a connection. */
export const syslogNgWindow = 100;

/**
 * @param bounded it reads no further than `syslogNgWindow` messages ahead of what it has written, and writes each at
 * once; otherwise it holds thousands in memory, and loses them when it is killed
 * @param messageBytes its limit
 */
export async function startSyslogNg(
  source: SyslogNgSource,
  tls?: ReceiverTls,
  bounded = false,
  messageBytes = maxMessageBytes,
): Promise<RealReceiver> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'syslog-ng-'));
  const port = await freePort();
  const output = path.join(directory, 'out');
  const address = `ip("127.0.0.1") port(${port})`;
  // The window is shared by the connections; each has a hundred at least.
  const window = bounded ? `max-connections(10) log-iw-size(${10 * syslogNgWindow}) log-fetch-limit(10)` : '';
  const sources: Record<SyslogNgSource, string> = {
    'syslog-tcp': `syslog(${address} transport("tcp") ${window});`,
    'syslog-tls': `syslog(${address} transport("tls") ${window} tls(key-file("${tls?.keyFile}") cert-file("${tls?.certFile}")
      ca-file("${tls?.caFile}") peer-verify(required-trusted)));`,
    'network-lf': `network(${address} transport("tcp") flags(syslog-protocol));`,
    'network-udp': `syslog(${address} transport("udp") so-rcvbuf(16777216));`,
  };
  const columns = ['PRI', 'ISODATE', 'HOST', 'PROGRAM', 'PID', 'MSGID', 'SDATA', 'MESSAGE'].map(
    (name) => `\${${name}}`,
  );
  await writeFile(
    path.join(directory, 'syslog-ng.conf'),
    `@version: 3.38
options { log-msg-size(${messageBytes}); keep-hostname(yes); stats-freq(0); frac-digits(6); send-time-zone("UTC"); };
source s { ${sources[source]} };
destination d { file("${output}" template("${columns.join('\\t')}\\n") template-escape(no) time-zone("UTC")${bounded ? ' flush-lines(1)' : ''}); };
log { source(s); destination(d);${bounded ? ' flags(flow-control);' : ''} };
`,
  );
  return launch('syslog-ng', directory, output, port, source === 'network-udp' ? 'udp' : 'tcp');
}

/**
 * Runs a receiver on `rsyslog.conf` or `syslog-ng.conf` in its directory.
 * @param output the file that it writes to
 * @param port where it listens once it is up
 */
export async function launch(
  program: 'rsyslog' | 'syslog-ng',
  directory: string,
  output: string,
  port: number,
  transport: 'tcp' | 'udp',
): Promise<RealReceiver> {
  const options = { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
  const start = (): ChildProcess => {
    if (program === 'rsyslog') {
      if (!rsyslogd) throw new Error('rsyslog is not installed: run .ci/install-receivers');
      return spawn(rsyslogd, ['-n', '-f', 'rsyslog.conf', '-i', path.join(directory, 'pid')], options);
    }
    if (!existsSync(syslogNg)) throw new Error('syslog-ng is not installed: run .ci/install-receivers');
    const lib = (folder: string) => path.join(syslogNgRoot, folder);
    const args = ['-F', '-f', 'syslog-ng.conf', '--module-path', lib('usr/lib/syslog-ng/3.38'), '--no-caps'];
    for (const [option, file] of Object.entries({ 'persist-file': 'persist', pidfile: 'pid', control: 'control' })) {
      args.push(`--${option}`, path.join(directory, file));
    }
    const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu', 'usr/lib/syslog-ng'].map(lib).join(':');
    return spawn(syslogNg, args, { ...options, env: { ...process.env, LD_LIBRARY_PATH: libraries } });
  };
  let child = await up(start(), port, transport);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  /** Whole lines only: the last may be half written. */
  const lines = async () => (await readFile(output, 'latin1').catch(() => '')).split('\n').slice(0, -1);
  return {
    port,
    output,
    lines,
    messages: async () => (await lines()).map(parse),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    killUnanswering: async () => {
      for (;;) {
        child.kill('SIGSTOP');
        await sleep(1);
        if (!owesAnswer(port)) return end('SIGKILL');
        child.kill('SIGCONT');
        await sleep(1);
      }
    },
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    restart: async () => {
      await rm(path.join(directory, 'pid'), { force: true });
      child = await up(start(), port, transport);
    },
    dispose: async () => {
      child.kill('SIGCONT');
      await end('SIGTERM');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** @returns the process, once it takes messages */
async function up(child: ChildProcess, port: number, transport: 'tcp' | 'udp'): Promise<ChildProcess> {
  let said = '';
  child.stdout?.on('data', (data) => (said += data));
  child.stderr?.on('data', (data) => (said += data));
  const isUp = () => (transport === 'tcp' ? accepts(port) : isUdpBound(port));
  for (let tries = 0; !(await isUp()); tries++) {
    if (child.exitCode !== null || tries > 100) {
      child.kill('SIGKILL');
      throw new Error(`the receiver did not come up on port ${port}: ${said}`);
    }
    await sleep(50);
  }
  return child;
}

function parse(line: string): ReceivedMessage {
  const columns = line.split('\t');
  const message = columns.slice(fieldsInOrder.length - 1).join('\t');
  return Object.fromEntries(
    fieldsInOrder.map((name, index) => [name, name === 'message' ? message : (columns[index] ?? '')]),
  ) as unknown as ReceivedMessage;
}

export { freePort } from '../listen.ts';

async function accepts(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** On a connection to this port the peer has ended its side (CLOSE_WAIT), and all but that was read. At once: no await. */
function owesAnswer(port: number): boolean {
  const local = `:${port.toString(16).padStart(4, '0').toUpperCase()}`;
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .some((line) => {
      const [, ends, , state, queues] = line.trim().split(/\s+/);
      return ends?.endsWith(local) && state === '08' && Number.parseInt(queues?.split(':')[1] ?? '', 16) <= 1;
    });
}

async function isUdpBound(port: number): Promise<boolean> {
  const table = await readFile('/proc/net/udp', 'utf8');
  return table.toLowerCase().includes(`:${port.toString(16).padStart(4, '0')} `);
}
