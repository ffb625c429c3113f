/**
 * Environment variables as their values are meant. Pure.
 *
 * `docker --env-file` and `podman --env-file` take `NAME="text"` with the quotes as a part of the value; docker compose,
 * systemd and a shell take them off. One pair of quotes around a whole value is taken off here too, so that one file
 * means the same everywhere, and a warning says so. Quotes that belong to the value stand within quotes of the other kind.
 */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Variables {
  /** Without the quotes around it; undefined where it is not set, or empty. */
  get(name: string): string | undefined;
  /** The variable of a setting; also undefined where Kubernetes has set it for a Service. */
  getSetting(name: string): string | undefined;
  /** About what was read until now, each variable once. Never a value that may be a secret. */
  readonly warnings: readonly string[];
}

export function createVariables(environment: Environment): Variables {
  const warnings = new Map<string, string>();
  const get = (name: string): string | undefined => {
    const text = Object.hasOwn(environment, name) ? environment[name] : undefined;
    const inside = text && insideQuotes(text);
    if (inside === undefined || inside === '') return text || undefined;
    warnings.set(
      name,
      `${name} has quotes around its value, which are not a part of it here: docker --env-file and lists in compose files leave them in; leave them out there (where the value needs quotes, put the other kind around them)`,
    );
    return inside.text || undefined;
  };
  const getSetting = (name: string): string | undefined => {
    const text = get(name);
    const service = text && kubernetesService(name, text);
    if (!service) return text;
    warnings.set(
      name,
      `${name}=${text} is ignored: Kubernetes sets ${name} for a Service that is called "${service}"; give the port by --port, in the file or by ${name} in the container's env, or set enableServiceLinks: false in the pod`,
    );
    return undefined;
  };
  return {
    get,
    getSetting,
    get warnings() {
      return [...warnings.values()];
    },
  };
}

/** @returns undefined where there are none around the whole, as in `"a" or "b"` */
function insideQuotes(text: string): { readonly text: string } | undefined {
  const [, double, single] = /^\s*(?:"([^"]*)"|'([^']*)')\s*$/s.exec(text) ?? [];
  const inside = double ?? single;
  return inside === undefined ? undefined : { text: inside };
}

/**
 * A pod gets `<NAME>_PORT=tcp://10.96.0.12:514`, and more of the kind, for each Service of its namespace, as Docker's links
 * did (https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables). The Service
 * `syslog` meets SYSLOG_PORT so; of the other variables (`SYSLOG_SERVICE_HOST`, `SYSLOG_PORT_514_TCP`) none is a setting's.
 * @returns the Service's name
 */
function kubernetesService(name: string, text: string): string | undefined {
  const service = /^([A-Z0-9_]+)_PORT(?:_\d+_(?:TCP|UDP|SCTP))?$/.exec(name)?.[1];
  const isAddress = /^(?:tcp|udp|sctp):\/\/(?:[0-9.]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/i.test(text);
  return isAddress ? service?.toLowerCase().replaceAll('_', '-') : undefined;
}
