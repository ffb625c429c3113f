/** Access keys: where they come from, and that they are never shown. */

export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** The STS token of temporary credentials. */
  readonly securityToken?: string | undefined;
}

export interface CredentialsProvider {
  /** Asked before every request. */
  current(): Credentials | Promise<Credentials>;
  /** Asked when the service has refused the current ones; resolves when `current()` gives the best there is. */
  refresh(): Promise<void>;
}

export interface StaticCredentials extends CredentialsProvider {
  /** From the next request on these are used. */
  replace(credentials: Credentials): void;
}

/** Credentials that stay until somebody replaces them. */
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

/** The text without the secret and the token, should it quote them. */
export function redact(text: string, credentials: Credentials | undefined): string {
  let redacted = text;
  for (const secret of [credentials?.accessKeySecret, credentials?.securityToken]) {
    if (secret) redacted = redacted.replaceAll(secret, '[redacted]');
  }
  return redacted;
}

/** Shows its id only, whichever way it is printed. */
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
