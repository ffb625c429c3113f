/** Access keys: providers of them, and their redaction. */

export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** The STS token of temporary credentials. */
  readonly securityToken?: string | undefined;
}

export interface CredentialsProvider {
  /** Called before every request. */
  current(): Credentials | Promise<Credentials>;
  /** Called when the service has refused the current credentials; resolves when `current()` gives the newest. */
  refresh(): Promise<void>;
}

export interface StaticCredentials extends CredentialsProvider {
  /** Sets the credentials for the next and later requests. */
  replace(credentials: Credentials): void;
}

/** Credentials that stay until `replace` is called. */
export function createStaticCredentials(credentials: Credentials): StaticCredentials {
  let current = new HiddenCredentials(credentials);
  return {
    current: () => current,
    refresh: () => Promise.resolve(),
    replace: (next) => {
      current = new HiddenCredentials(next);
    },
  };
}

export function sameCredentials(a: Credentials, b: Credentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.accessKeySecret === b.accessKeySecret &&
    (a.securityToken ?? '') === (b.securityToken ?? '')
  );
}

/** Replaces the secret and the token in the text. */
export function redact(text: string, credentials: Credentials | undefined): string {
  let redacted = text;
  for (const secret of [credentials?.accessKeySecret, credentials?.securityToken]) {
    if (secret) redacted = redacted.replaceAll(secret, '[redacted]');
  }
  return redacted;
}

/** Credentials that show only the access key's id, however they are printed. */
class HiddenCredentials implements Credentials {
  readonly accessKeyId: string;
  readonly #secret: string;
  readonly #token: string;

  constructor({ accessKeyId, accessKeySecret, securityToken }: Credentials) {
    this.accessKeyId = accessKeyId;
    this.#secret = accessKeySecret;
    this.#token = securityToken ?? '';
  }

  get accessKeySecret(): string {
    return this.#secret;
  }

  get securityToken(): string {
    return this.#token;
  }

  toJSON(): Record<string, string> {
    const shown = { accessKeyId: this.accessKeyId, accessKeySecret: '[redacted]' };
    return this.#token ? { ...shown, securityToken: '[redacted]' } : shown;
  }

  toString(): string {
    return `credentials of ${this.accessKeyId}`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
