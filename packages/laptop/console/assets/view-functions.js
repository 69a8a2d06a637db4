import { read } from './data.js';
import { h } from './dom.js';
import { lane } from './environments.js';
import { empty } from './parts.js';

/** Every function with its live environments. */
export function functionsView() {
  return {
    async render() {
      const { functions } = await read('functions');
      const alive = functions.reduce((sum, { environments }) => sum + environments.length, 0);
      return [
        h(
          'div',
          { class: 'page-head' },
          h('h1', {}, 'Functions'),
          h('p', { class: 'facts' }, `${functions.length} functions, ${alive} environments alive`),
        ),
        functions.length === 0 && empty('There is no function yet.'),
        h(
          'div',
          { class: 'columns' },
          functions.map((fn) =>
            h(
              'section',
              { class: 'card', 'data-key': fn.arn },
              lane(fn, new Map()),
              fn.description && h('p', { class: 'note' }, fn.description),
            ),
          ),
        ),
      ];
    },
  };
}
