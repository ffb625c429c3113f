/**
 * A minimal client of the log service for tests: signs (v1, hmac-sha1) and sends, and leaves everything else to the
 * test. Written from the specification, on its own: it shares no code with what it tests.
 */
import { createHash, createHmac } from 'node:crypto';
import { Agent, request } from 'undici';

export interface SignedCallOptions {
  readonly query?: Readonly<Record<string, string>>;
  /** Sent, and signed where the specification says so. Overrides the usual ones; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: Uint8Array | string;
}

export interface SignedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** @throws SyntaxError */
  json<T = Record<string, unknown>>(): T;
}

export interface SignedClient {
  call(method: string, path: string, options?: SignedCallOptions): Promise<SignedAnswer>;
  /** Unsigned, under `/__emulator/`. */
  admin(method: string, path: string, body?: unknown): Promise<SignedAnswer>;
  close(): Promise<void>;
}

export interface SignedClientOptions {
  readonly endpoint: string;
  readonly accessKeyId?: string;
  readonly accessKeySecret?: string;
  /** The Host header. Default `demo.127.0.0.1`. */
  readonly host?: string;
}

export function createSignedClient(options: SignedClientOptions): SignedClient {
  const { endpoint, accessKeyId = 'demo-access-key-id', accessKeySecret = 'demo-access-key-secret' } = options;
  const dispatcher = new Agent({ connections: 4 });

  const send = async (method: string, target: string, headers: Record<string, string>, body?: Uint8Array) => {
    const answer = await request(`${endpoint}${target}`, {
      method: method as 'GET',
      headers,
      dispatcher,
      ...(body && { body }),
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    return {
      status: answer.statusCode,
      headers: answer.headers as Record<string, string>,
      body: bytes,
      json: <T>() => JSON.parse(bytes.toString()) as T,
    };
  };

  return {
    call(method, path, { query = {}, headers = {}, body } = {}) {
      const bytes = body === undefined ? undefined : Buffer.from(body);
      const all = withoutUndefined({
        host: options.host ?? 'demo.127.0.0.1',
        date: new Date().toUTCString(),
        'x-log-apiversion': '0.6.0',
        'x-log-signaturemethod': 'hmac-sha1',
        'x-log-bodyrawsize': String(bytes?.length ?? 0),
        ...(bytes && {
          'content-type': 'application/json',
          'content-md5': createHash('md5').update(bytes).digest('hex').toUpperCase(),
        }),
        ...headers,
      });
      const pairs = Object.entries(query)
        .map(([key, value]) => `${key}=${value}`)
        .sort();
      const serviceHeaders = Object.entries(all)
        .filter(([name]) => /^x-(log|acs)-/.test(name))
        .map(([name, value]) => `${name}:${value}`)
        .sort();
      const stringToSign = [
        method,
        all['content-md5'] ?? '',
        all['content-type'] ?? '',
        all.date ?? '',
        ...serviceHeaders,
        pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
      ].join('\n');
      const signature = createHmac('sha1', accessKeySecret).update(stringToSign).digest('base64');
      const search = new URLSearchParams(query).toString();
      const target = search === '' ? path : `${path}?${search}`;
      return send(method, target, { authorization: `LOG ${accessKeyId}:${signature}`, ...all }, bytes);
    },
    admin(method, path, body) {
      const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      return send(method, `/__emulator/${path}`, {}, bytes);
    },
    close: () => dispatcher.close(),
  };
}

function withoutUndefined(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
