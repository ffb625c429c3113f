/** Access logs of a web shop behind a load balancer: 18 fields with the sequence number, about 660 bytes. */
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';

const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE'];
const STATUSES = ['200', '200', '200', '200', '201', '204', '301', '304', '400', '403', '404', '500', '502'];
const RESOURCES = ['orders', 'carts', 'customers', 'products', 'payments', 'sessions'];
const USER_AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_2) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function createAccessProfile(): Profile {
  const localTime = createTimeCache();
  return {
    name: 'access',
    logsPerGroup: 80,
    writeLog(writer, random, timeS) {
      const octet = (): number => random.int(255);
      writer.beginLog(timeS);
      writer.field('remote_addr', `10.${octet()}.${octet()}.${octet()}`);
      writer.field('remote_user', random.oneIn(8) ? `user${random.int(5000)}` : '-');
      writer.field('time_local', localTime(timeS));
      writer.field('request_method', random.pick(METHODS));
      writer.field(
        'request_uri',
        `/api/v1/${random.pick(RESOURCES)}/${random.int(1e9)}/items?page=${random.int(100)}&size=50`,
      );
      writer.field('http_protocol', 'HTTP/1.1');
      writer.field('status', random.pick(STATUSES));
      writer.field('body_bytes_sent', String(random.int(100_000)));
      writer.field('request_length', String(random.int(2000)));
      writer.field('request_time', milliseconds(random));
      writer.field('upstream_response_time', milliseconds(random));
      writer.field('upstream_addr', `172.16.${octet()}.${octet()}:8080`);
      writer.field('http_referer', 'https://www.example.com/shop/list');
      writer.field('http_user_agent', random.pick(USER_AGENTS));
      writer.field('http_x_forwarded_for', `${octet()}.${octet()}.1.1`);
      writer.field('host', 'shop.example.com');
      writer.field('request_id', hex(random) + hex(random));
    },
    groupMeta: (random) => ({
      topic: 'nginx_access',
      source: `192.168.0.${10 + random.int(8)}`,
      tags: [['__hostname__', `web-${1 + random.int(8)}`]],
    }),
  };
}

function milliseconds(random: Random): string {
  return `0.${String(random.int(1000)).padStart(3, '0')}`;
}

function hex(random: Random): string {
  return random.int(0x1_0000_0000).toString(16).padStart(8, '0');
}

/** Formats `20/Nov/2026:10:11:12 +0000`; keeps the last text, as most logs share their second with the one before. */
function createTimeCache(): (timeS: number) => string {
  let lastTimeS = -1;
  let text = '';
  return (timeS) => {
    if (timeS === lastTimeS) return text;
    const date = new Date(timeS * 1000);
    lastTimeS = timeS;
    const day = String(date.getUTCDate()).padStart(2, '0');
    const clock = date.toISOString().slice(11, 19);
    text = `${day}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${clock} +0000`;
    return text;
  };
}
