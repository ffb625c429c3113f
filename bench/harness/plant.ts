/** What a daemon needs around it: a service with logs without end, a receiver, and a way to start what is measured. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, issue } from '../../test/support/receivers/certificates.ts';
import type { BenchProfile } from './batches.ts';
import { bin, startProgram, stop } from './processes.ts';

export interface PlantOptions {
  /** `none`: the shards are empty. */
  readonly profile: BenchProfile | 'none';
  readonly shards: number;
  readonly tls?: boolean;
  /** One body for every pull: ready sooner, and too easy on the processor's caches to measure anything. */
  readonly quick?: boolean;
}

interface ServiceAddress {
  readonly endpoint: string;
  readonly project: string;
  readonly logstore: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

export interface Served {
  readonly pulls: number;
  readonly rawBytes: number;
  readonly bodyBytes: number;
}

/** Of one connection with TLS, as the receiver sees it. */
export interface Secured {
  /** As in `TLSv1.3`. */
  readonly protocol: string;
  /** By its name in the standards, as in `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
}

export interface DaemonOptions {
  readonly args?: readonly string[];
  /** For Node itself. */
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Daemons of one group share its shards. Default: a group of its own. */
  readonly group?: string;
  /** Of another receiver than the plant's. */
  readonly port?: number;
}

export class Plant {
  readonly service: ChildProcess;
  readonly receiver: ChildProcess;
  readonly address: ServiceAddress;
  readonly port: number;
  /** Every connection with TLS since the start, oldest first. */
  readonly secured: readonly Secured[];
  /** For files; removed in the end. */
  readonly directory: string;
  readonly #shards: number;
  readonly #ca: string | undefined;
  readonly #subjects: ChildProcess[] = [];
  #groups = 0;

  private constructor(
    service: ChildProcess,
    receiver: ChildProcess,
    facts: {
      address: ServiceAddress;
      port: number;
      secured: readonly Secured[];
      shards: number;
      ca: string | undefined;
      directory: string;
    },
  ) {
    this.service = service;
    this.receiver = receiver;
    this.address = facts.address;
    this.port = facts.port;
    this.secured = facts.secured;
    this.#shards = facts.shards;
    this.#ca = facts.ca;
    this.directory = facts.directory;
  }

  static async start({ profile, shards, tls = false, quick = false }: PlantOptions): Promise<Plant> {
    const directory = await mkdtemp(join(tmpdir(), 'sls-syslog-bench-'));
    const files = tls ? await writeCertificates(directory) : undefined;
    const secured: Secured[] = [];
    const onSecured = (said: unknown) => void secured.push(said as Secured);
    const [service, receiver] = await Promise.all([
      startProgram<ServiceAddress>('service', [profile, String(shards), quick ? '1' : '8']),
      startProgram<{ port: number }>('receiver', files ? [files.cert, files.key] : [], onSecured),
    ]);
    const { port } = receiver.said;
    const facts = { address: service.said, port, secured, shards, ca: files?.ca, directory };
    return new Plant(service.child, receiver.child, facts);
  }

  async served(): Promise<Served> {
    const answer = await fetch(new URL('/__emulator/served', this.address.endpoint));
    return (await answer.json()) as Served;
  }

  /** The daemon as a user starts it. */
  startDaemon({
    args = [],
    nodeArgs = [],
    env = {},
    group = `bench-${this.#groups++}`,
    port = this.port,
  }: DaemonOptions = {}): ChildProcess {
    const { endpoint, project, logstore, accessKeyId, accessKeySecret } = this.address;
    const receiver = this.#ca
      ? ['--proto', 'tls', '--host', 'localhost', '--ca', this.#ca]
      : ['--proto', 'tcp', '--host', '127.0.0.1'];
    const daemon = spawn(
      process.execPath,
      [...nodeArgs, bin, 'run', ...receiver, '--port', String(port), '--log-level', 'error', ...args],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: {
          PATH: process.env.PATH,
          SLS_ENDPOINT: endpoint,
          SLS_PROJECT: project,
          SLS_LOGSTORE: logstore,
          SLS_CG: group,
          SLS_AK_ID: accessKeyId,
          SLS_AK_KEY: accessKeySecret,
          ...env,
        },
      },
    );
    this.#subjects.push(daemon);
    return daemon;
  }

  async startFloor(): Promise<ChildProcess> {
    const { endpoint, project, logstore } = this.address;
    const options = { endpoint, project, logstore, shards: this.#shards, port: this.port, ca: this.#ca };
    const { child } = await startProgram('floor', [JSON.stringify(options)]);
    this.#subjects.push(child);
    return child;
  }

  /** Stops everything. */
  async close(): Promise<void> {
    await Promise.all([...this.#subjects, this.service, this.receiver].map(stop));
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function writeCertificates(directory: string): Promise<{ ca: string; cert: string; key: string }> {
  const authority = await createAuthority('sls-syslog bench CA');
  const server = await issue(authority, {
    commonName: 'localhost',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const files = { ca: join(directory, 'ca.pem'), cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  await writeFile(files.ca, authority.pem);
  await writeFile(files.cert, server.cert);
  await writeFile(files.key, server.key, { mode: 0o600 });
  return files;
}
