import { html } from '../../../pipeline/dashboard/html.ts';

test('what is put in is text, whatever it looks like', () => {
  const hostile = `<img src=x onerror="alert('1')">&\`${'`'}`;
  expect(html`<p title="${hostile}">${hostile}</p>`.text).toBe(
    '<p title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;&#96;&#96;">&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;&#96;&#96;</p>',
  );
});

test('HTML stays HTML, lists are joined, nothing is nothing', () => {
  const item = (text: string) => html`<li>${text}</li>`;
  expect(html`<ul>${['a', '<b>'].map(item)}${undefined}${false}</ul>${0}`.text).toBe(
    '<ul><li>a</li><li>&lt;b&gt;</li></ul>0',
  );
});
