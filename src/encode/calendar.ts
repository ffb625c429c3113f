/**
 * Unix seconds → the fields of a calendar and a clock, in numbers. In UTC a `Date` is asked once a day only, since
 * each time that it is set takes 32 bytes of heap, and in a batch every log may have a second of its own.
 */
const SECONDS_A_DAY = 86_400;

export class Calendar {
  year = 1970;
  /** 0..11 */
  month = 0;
  /** 1..31 */
  day = 1;
  hours = 0;
  minutes = 0;
  seconds = 0;

  readonly #timeZone: 'utc' | 'local';
  readonly #date = new Date(0);
  #utcDay = 0;

  /** `local` is the zone of the process (`TZ`). */
  constructor(timeZone: 'utc' | 'local') {
    this.#timeZone = timeZone;
  }

  /** @param time unix seconds, 0 to 2^32 - 1 */
  set(time: number): void {
    if (this.#timeZone === 'local') this.#setLocal(time);
    else this.#setUtc(time);
  }

  #setUtc(time: number): void {
    const utcDay = Math.floor(time / SECONDS_A_DAY);
    if (utcDay !== this.#utcDay) {
      const date = this.#date;
      date.setTime(utcDay * SECONDS_A_DAY * 1000);
      this.year = date.getUTCFullYear();
      this.month = date.getUTCMonth();
      this.day = date.getUTCDate();
      this.#utcDay = utcDay;
    }
    const secondOfDay = time - utcDay * SECONDS_A_DAY;
    this.hours = Math.floor(secondOfDay / 3600);
    this.minutes = Math.floor(secondOfDay / 60) % 60;
    this.seconds = secondOfDay % 60;
  }

  #setLocal(time: number): void {
    const date = this.#date;
    date.setTime(time * 1000);
    this.year = date.getFullYear();
    this.month = date.getMonth();
    this.day = date.getDate();
    this.hours = date.getHours();
    this.minutes = date.getMinutes();
    this.seconds = date.getSeconds();
  }
}
