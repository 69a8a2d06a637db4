import { h } from './dom.js';

/** Asks before something is done; resolves with whether to do it. Escape is no. */
export function confirmDialog(title, message, confirmLabel = 'Confirm') {
  return new Promise((resolve) => {
    const dialog = open(title, h('p', { class: 'dialog-message' }, message), [
      h('button', { type: 'button', class: 'button', 'data-answer': 'no' }, 'Cancel'),
      h('button', { type: 'button', class: 'button primary', 'data-answer': 'yes' }, confirmLabel),
    ]);
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'));
  });
}

/** Shows what a widget answered. */
export function popupDialog(title, content) {
  const dialog = open(title, content, [h('button', { type: 'button', class: 'button', 'data-answer': 'no' }, 'Close')]);
  // A link in it leads on: the dialog has done its part.
  dialog.addEventListener('click', (event) => {
    const followed = event.composedPath().find((node) => node.localName === 'a' && node.hash);
    if (followed) dialog.close();
  });
  return dialog;
}

function open(title, content, buttons) {
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'dialog-title' },
    h('h2', { id: 'dialog-title', tabindex: '-1' }, title),
    content,
    h('div', { class: 'dialog-buttons' }, buttons),
  );
  for (const button of buttons) button.addEventListener('click', () => dialog.close(button.dataset.answer));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  buttons[0].focus();
  return dialog;
}
