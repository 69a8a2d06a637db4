import { read } from './data.js';
import { h } from './dom.js';
import { ago, at, empty, statusBadge } from './parts.js';

/** Every alarm, those that ring first, with why and since when. */
export function alarmsView() {
  return {
    async render() {
      const { alarms } = await read('alarms');
      return [
        h('div', { class: 'page-head' }, h('h1', {}, 'Alarms')),
        alarms.length === 0 && empty('There is no alarm yet.'),
        alarms.map((alarm) =>
          h(
            'section',
            { class: 'card', 'data-key': alarm.arn, 'data-alarm': alarm.name },
            h('div', { class: 'card-head' }, h('h2', {}, alarm.name), statusBadge(alarm.state)),
            h('p', {}, alarm.description),
            h('p', { class: 'note' }, alarm.reason, ' ', ago(alarm.since), '.'),
            alarm.history.length > 0 &&
              h(
                'details',
                {},
                h('summary', {}, 'State changes'),
                h(
                  'ul',
                  { class: 'plain' },
                  alarm.history.map((change) =>
                    h('li', {}, at(change.at), ' ', statusBadge(change.state), ' ', change.reason),
                  ),
                ),
              ),
          ),
        ),
      ];
    },
  };
}
