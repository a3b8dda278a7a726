// The way to everything: type part of an app's name, in any environment, or a DNS name. `/` leads here, the
// arrows choose, Enter goes (ARIA's combobox with a list).

import { useEffect, useRef, useState } from 'preact/hooks';
import { catalogue, nameOf } from '../live/catalogue.ts';
import { server } from '../live/server.ts';
import { linkTo } from '../route.ts';

interface Hit {
  readonly href: string;
  readonly title: string;
  readonly note: string;
}

const hitsMax = 8;

export function Search() {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener('keydown', focus);
    return () => document.removeEventListener('keydown', focus);
  }, []);
  const hits = text.trim() === '' ? [] : hitsFor(text.trim().toLowerCase());
  const leave = (): void => {
    setText('');
    setChosen(0);
  };
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && hits.length > 0) {
      event.preventDefault();
      setChosen((chosen + step + hits.length) % hits.length);
    } else if (event.key === 'Escape') leave();
    else if (event.key === 'Enter') {
      const hit = hits[chosen] ?? hits[0];
      if (hit === undefined) return;
      location.hash = hit.href;
      leave();
    }
  };
  return (
    <div class="search">
      <input
        ref={field}
        type="text"
        role="combobox"
        aria-label="Find an app or a DNS name"
        aria-expanded={hits.length > 0}
        aria-controls="hits"
        aria-autocomplete="list"
        {...(hits.length > 0 ? { 'aria-activedescendant': `hit-${chosen}` } : {})}
        placeholder="Find an app or a name   /"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKey}
        onBlur={() => setTimeout(leave, 200)}
      />
      <div id="hits" role="listbox" aria-label="Found" hidden={hits.length === 0}>
        {hits.map(({ href, title, note }, i) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
          <div
            key={href}
            id={`hit-${i}`}
            role="option"
            aria-selected={i === chosen}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => {
              location.hash = href;
              leave();
            }}
          >
            {title} <span class="muted">{note}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

function hitsFor(text: string): readonly Hit[] {
  const name = text.replace(/\.$/, '');
  const end = server.value.origin.replace(/\.$/, '');
  const isDns = name === end || name.endsWith(`.${end}`);
  // `orders.prod.svc` and `prod/orders` are the same app.
  const part = isDns
    ? (name
        .slice(0, -end.length - 1)
        .split('.')
        .at(-2) ?? '')
    : name.replace(/^.*\//, '');
  const apps: Hit[] = [];
  for (const app of catalogue.value.apps) {
    const isHit = name.includes('/') ? nameOf(app).includes(name) : part !== '' && app.appid.includes(part);
    if (isHit)
      apps.push({
        href: linkTo(['apps', app.env, app.appid]),
        title: nameOf(app),
        note: `${app.up} of ${app.instances} up`,
      });
    if (apps.length === hitsMax) break;
  }
  const asked: Hit = { href: linkTo(['resolve'], { name, type: 'A' }), title: name, note: 'what DNS answers' };
  return isDns ? [asked, ...apps] : [...apps, asked];
}
