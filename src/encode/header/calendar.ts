/**
 * Turns seconds into the numbers of a date and a clock. The `Date` is set once a day only, since each time takes 32
 * bytes of heap, and in a batch every log may have a second of its own.
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

  readonly #date = new Date(0);
  #day = 0;

  /** @param time seconds since the start of 1970 in the zone that is shown; at least minus one day */
  set(time: number): void {
    const day = Math.floor(time / SECONDS_A_DAY);
    if (day !== this.#day) {
      const date = this.#date;
      date.setTime(day * SECONDS_A_DAY * 1000);
      this.year = date.getUTCFullYear();
      this.month = date.getUTCMonth();
      this.day = date.getUTCDate();
      this.#day = day;
    }
    const secondOfDay = time - day * SECONDS_A_DAY;
    this.hours = Math.floor(secondOfDay / 3600);
    this.minutes = Math.floor(secondOfDay / 60) % 60;
    this.seconds = secondOfDay % 60;
  }
}
