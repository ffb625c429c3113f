/** A user's module, as small as one that is worth it: a line of seven fields. */
export default function createFormatter() {
  return {
    format: (log) =>
      `${log.get('remote_addr')} "${log.get('request_method')} ${log.get('request_uri')}" ${log.get('status')} ` +
      `${log.get('body_bytes_sent')} ${log.get('request_time')} ${log.get('http_user_agent')}`,
  };
}
