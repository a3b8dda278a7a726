// dig in the browser: any name and type, what DNS would answer, and why. The question is in the link.

import { useState } from 'preact/hooks';
import { server } from '../live/server.ts';
import { AnswerView, recordTypes } from '../parts/answer.tsx';
import { Panel } from '../parts/bits.tsx';
import { linkTo, route } from '../route.ts';

export function ResolvePage() {
  const { name = '', type = 'A' } = route.value.query;
  return (
    <>
      <h1>Resolve</h1>
      <p class="muted">
        What DNS would answer, and why. Nothing is sent over the network: the server computes the answer.
      </p>
      <Form key={`${name} ${type}`} name={name} type={type} />
      {name === '' ? (
        <Examples />
      ) : (
        <Panel title={`${name} ${type}`}>
          <AnswerView name={name} type={type} />
        </Panel>
      )}
    </>
  );
}

function Form({ name, type }: { readonly name: string; readonly type: string }) {
  const [wanted, setWanted] = useState({ name, type });
  const submit = (event: Event): void => {
    event.preventDefault();
    location.hash = linkTo(['resolve'], { name: wanted.name.trim(), type: wanted.type.trim() || 'A' });
  };
  return (
    <form class="filters" onSubmit={submit}>
      <label class="grow">
        Name{' '}
        <input
          type="text"
          required
          autocomplete="off"
          spellcheck={false}
          placeholder={`orders.prod.${server.value.origin}`}
          value={wanted.name}
          onInput={({ currentTarget }) => setWanted({ ...wanted, name: currentTarget.value })}
        />
      </label>
      <label>
        Type{' '}
        <input
          type="text"
          list="record-types"
          size={7}
          value={wanted.type}
          onInput={({ currentTarget }) => setWanted({ ...wanted, type: currentTarget.value.toUpperCase() })}
        />
        <datalist id="record-types">
          {recordTypes.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </label>
      <button type="submit" class="primary">
        Resolve
      </button>
    </form>
  );
}

function Examples() {
  const { origin } = server.value;
  const end = origin.replace(/\.$/, '');
  const examples: readonly (readonly [name: string, type: string, what: string])[] = [
    [`orders.prod.${end}`, 'A', 'the addresses of an app'],
    [`_http._tcp.orders.prod.${end}`, 'SRV', 'one of its ports, with weights'],
    [`canary._tag.orders.prod.${end}`, 'A', 'only instances with a tag'],
    [`_why.orders.prod.${end}`, 'TXT', 'the reason, over DNS itself'],
    [end, 'SOA', 'the zone: its serial is the revision'],
  ];
  return (
    <ul class="plain">
      {examples.map(([name, type, what]) => (
        <li key={name}>
          <a href={linkTo(['resolve'], { name, type })}>
            <code>
              {name} {type}
            </code>
          </a>{' '}
          <span class="muted">{what}</span>
        </li>
      ))}
    </ul>
  );
}
