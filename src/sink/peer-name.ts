/** `tls://siem.corp:6514`, `udp://[::1]:514`: how a receiver is called in the log and in reports. */
export function peerName({
  protocol,
  host,
  port,
}: {
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
}): string {
  return `${protocol}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
