const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long, in one unit: `40 s`, `12 min`, `5 h`, `3 d`. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 2 * MINUTE) return `${Math.round(seconds)} s`;
  if (seconds < 2 * HOUR) return `${Math.round(seconds / MINUTE)} min`;
  if (seconds < 2 * DAY) return `${Math.round(seconds / HOUR)} h`;
  return `${Math.round(seconds / DAY)} d`;
}

/** `3 d ago`, `in 5 h`; nothing for no date. */
export function relative(date: Date | undefined, now: Date): string {
  if (!date) return '';
  const difference = date.getTime() - now.getTime();
  return difference > 0 ? `in ${duration(difference)}` : `${duration(-difference)} ago`;
}

/** `2026-11-24 03:12Z` */
export function minute(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

/** `03:12:09` */
export function second(date: Date): string {
  return date.toISOString().slice(11, 19);
}
