import { h } from './dom.js';
import { ago, statusBadge, toneOf } from './parts.js';

/** An alarm as a dashboard shows it: its name, its state, since when, and why it exists. */
export function alarmTile(alarm) {
  return h(
    'li',
    { class: `alarm ${toneOf(alarm.state)}`, title: alarm.description },
    h('a', { href: '#/alarms' }, alarm.name),
    h('span', { class: 'alarm-state' }, statusBadge(alarm.state), h('span', { class: 'muted' }, ago(alarm.since))),
  );
}
