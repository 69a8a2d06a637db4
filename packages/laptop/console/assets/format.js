const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
];

/** `14:03:21` today, else with the day. */
export function timeText(when) {
  const date = new Date(when);
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : day.format(date);
}

/** `0.42 s`, `12 s`, `3 min`, `5 h`, `2 d`. */
export function durationText(milliseconds) {
  const seconds = milliseconds / 1_000;
  const unit = units.find(([, size]) => seconds >= size);
  if (unit) return `${Math.floor(seconds / unit[1])} ${unit[0]}`;
  if (seconds >= 10) return `${Math.round(seconds)} s`;
  return `${seconds >= 1 ? seconds.toFixed(1) : seconds.toFixed(2)} s`;
}

/** `3 min ago`, `in 2 d`, `now`. */
export function relativeText(when) {
  const away = new Date(when).getTime() - Date.now();
  if (Math.abs(away) < 1_500) return 'now';
  const text = durationText(Math.round(Math.abs(away) / 1_000) * 1_000).replace('.0', '');
  return away < 0 ? `${text} ago` : `in ${text}`;
}

/** A version id, revision or environment id short enough to be distinguished at a glance. */
export function shortId(id) {
  return id.replace(/^(.+-)?([0-9a-f]{32,})$/i, '$2').slice(0, 8);
}

export function numberText(value) {
  if (Math.abs(value) >= 10_000) return new Intl.NumberFormat(undefined, { notation: 'compact' }).format(value);
  return new Intl.NumberFormat(undefined, { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 0 }).format(value);
}

/** Milliseconds are read better as time; everything else as a number with its unit. */
export function valueText(value, unit) {
  if (unit === 'Milliseconds') return durationText(value);
  if (unit === 'Percent') return `${numberText(value)} %`;
  return numberText(value);
}
