import { read } from './data.js';
import { h } from './dom.js';
import { ago, empty, jsonBlock } from './parts.js';

/** What left the cloud for people: mails, text messages, web hooks; and messages without a subscription. */
export function messagesView() {
  return {
    async render() {
      const { messages } = await read('messages');
      return [
        h('div', { class: 'page-head' }, h('h1', {}, 'Messages')),
        messages.length === 0 && empty('No topic has sent anything yet.'),
        messages.map((message) =>
          h(
            'article',
            { class: 'card', 'data-key': message.id },
            h('h2', {}, message.subject || message.topic),
            h(
              'p',
              { class: 'note' },
              message.topic,
              ', ',
              ago(message.at),
              ', to ',
              message.sentTo.length > 0 ? message.sentTo.join(', ') : 'no one: no subscription',
            ),
            bodyOf(message),
          ),
        ),
      ];
    },
  };
}

function bodyOf({ message }) {
  return /^[[{]/.test(message) ? jsonBlock('Message', message, false) : h('p', { class: 'message' }, message);
}
