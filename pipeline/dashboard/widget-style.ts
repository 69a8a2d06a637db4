import { Html } from './html.ts';

/** The style of the widget: its own colours for both themes, everything else is CloudWatch's. */
export function widgetStyle(): Html {
  return new Html(`
.kt { --text: #16191f; --soft: #545b64; --line: #e3e6ea; --good: #1b7248; --good-ground: #e0f3e8; --bad: #b3261e; --bad-ground: #fde6e4;
  --busy: #3450c8; --busy-ground: #e6ebff; --calm: #545b64; --calm-ground: #eef0f3; color: var(--text); font-size: 14px; line-height: 1.45; }
.kt-dark { --text: #e7ecf3; --soft: #a3adba; --line: #2b3644; --good: #63cf98; --good-ground: #143325; --bad: #ff978d; --bad-ground: #431b19;
  --busy: #97adff; --busy-ground: #232f55; --calm: #a3adba; --calm-ground: #222c39; }
.kt-summary { margin: 0 0 10px; color: var(--soft); }
.kt-summary b { color: var(--text); }
.kt-summary .kt-bad-text { color: var(--bad); }
.kt table { width: 100%; border-collapse: collapse; }
.kt th, .kt td { padding: 10px 14px 10px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
.kt thead th { padding: 0 14px 6px 0; color: var(--soft); font-size: 12px; font-weight: 600; white-space: nowrap; }
.kt tbody th { color: var(--text); font-weight: 600; }
.kt tr:last-child > * { border-bottom: 0; }
.kt-name { display: block; overflow-wrap: anywhere; }
.kt th .kt-name { min-width: 24ch; }
.kt-note, .kt ul { color: var(--soft); font-size: 12.5px; font-weight: 400; }
.kt ul { margin: 4px 0 0; padding: 0; list-style: none; }
.kt-explanation { max-width: 46ch; margin: 4px 0 0; color: var(--soft); font-size: 12.5px; overflow-wrap: anywhere; }
.kt-badge { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 12.5px; font-weight: 600; white-space: nowrap; }
.kt-good { background: var(--good-ground); color: var(--good); }
.kt-bad { background: var(--bad-ground); color: var(--bad); }
.kt-busy { background: var(--busy-ground); color: var(--busy); }
.kt-calm { background: var(--calm-ground); color: var(--calm); }
.kt code { font-size: 12.5px; white-space: nowrap; }
.kt-buttons { display: flex; flex-wrap: wrap; gap: 6px; }
.kt td .kt-buttons { flex-wrap: nowrap; }
.kt-buttons .btn { white-space: nowrap; }
.kt td > .kt-age { display: block; white-space: nowrap; }
.kt-card { padding: 12px 0 14px; border-top: 1px solid var(--line); }
.kt-card h3 { margin: 0 0 8px; font-size: 14px; }
.kt-card dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 14px; margin: 10px 0; }
.kt-card dt { color: var(--soft); font-size: 12.5px; }
.kt-card dd { margin: 0; }
.kt-unread { color: var(--bad); font-size: 13px; overflow-wrap: anywhere; }
.kt-pages { margin: 12px 0 0; }
.kt-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`);
}
