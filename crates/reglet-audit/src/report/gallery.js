// Sorts and filters each gallery, and sets how its maps are shown. The controls are hidden until this runs, because
// without it they would do nothing.
'use strict';

for (const gallery of document.querySelectorAll('.gallery')) {
  const form = gallery.querySelector('form');
  const list = gallery.querySelector('.samples');
  const samples = [...list.children];
  const count = form.querySelector('output');
  const value = (name) => form.elements[name].value;
  const number = (sample, name) => Number(sample.dataset[name]);
  // There is one share for each method. A picture without a share is sorted last and matches no minimum share.
  const share = (sample) => {
    const shares = sample.dataset.shares.split(' ');
    return shares[value('method')] ? Number(shares[value('method')]) : -1;
  };
  const orders = {
    data: (sample) => -number(sample, 'place'),
    probability: (sample) => number(sample, 'probability'),
    share,
    change: (sample) => number(sample, 'change'),
  };
  const fits = (sample) => {
    const { group, artefact, flipped } = sample.dataset;
    const flips = flipped ? flipped.split(' ') : [];
    const least = Number(value('least'));
    return (value('group') === '' || value('group') === group)
      && (value('artefact') === '' || value('artefact') === artefact)
      && (value('flipped') === '' || (value('flipped') === 'any' ? flips.length > 0 : flips.includes(value('flipped'))))
      && (least <= 0 || share(sample) * 100 >= least);
  };
  const choose = () => {
    const order = orders[value('sort')];
    let shown = 0;
    for (const sample of samples) {
      sample.hidden = !fits(sample);
      shown += sample.hidden ? 0 : 1;
    }
    list.append(...[...samples].sort((one, other) => order(other) - order(one)));
    count.value = form.dataset.count.replace('{shown}', shown).replace('{all}', samples.length);
  };
  const show = () => {
    gallery.style.setProperty('--opacity', value('opacity') / 100);
    form.elements.opacity.setAttribute('aria-valuetext', `${value('opacity')} %`);
    gallery.classList.toggle('bare', !form.elements.beneath.checked);
    gallery.classList.toggle('outlined', form.elements.outlines.checked);
  };
  form.addEventListener('input', () => { choose(); show(); });
  form.addEventListener('submit', (event) => event.preventDefault());
  // A form is reset after its listeners have run.
  form.addEventListener('reset', () => setTimeout(() => { choose(); show(); }));
  form.hidden = false;
  choose();
  show();
}

// For printing everything is opened, as it is without this script; afterwards the previous state is restored.
const closed = [];
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('details:not([open])')) {
    details.open = true;
    closed.push(details);
  }
});
addEventListener('afterprint', () => {
  for (const details of closed.splice(0)) details.open = false;
});
