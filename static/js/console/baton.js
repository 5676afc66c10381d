/* Whose hands work: the panel that hands the baton on, and the banner that says it. */

import { announce, byId, facts, put, say, show } from "./page.js";

const OBSERVER = "observer";

export class Baton {
  /** onTurn(works): this person begins to work, or no longer does. */
  constructor({ onTurn }) {
    this.onTurn = onTurn;
    this.state = null;
    this.people = [];
    this.works = null;
  }

  update(state) {
    this.state = state;
    const before = this.works;
    this.works = Boolean(state.works);
    this.show();
    if (this.works === before) return;
    for (const part of document.querySelectorAll("[data-needs-baton]")) part.hidden = !this.works;
    if (before !== null) announce(this.words(), true);
    this.onTurn(this.works, before === null);
  }

  showPeople(people) {
    this.people = people;
    this.show();
  }

  end() {
    show(byId("banner-baton"), false);
  }

  /** Colleagues of the vendor who are here and do not work now. */
  get receivers() {
    const others = this.people.filter((one) => one.role !== OBSERVER && !one.works && !one.you);
    return [...new Map(others.map((one) => [one.user, one])).values()];
  }

  words() {
    const { baton } = this.state;
    if (this.works) return say(facts.role === OBSERVER ? "you_have_control" : "you_work");
    return say(baton.with_plant ? "plant_has_control" : "works", { name: baton.name });
  }

  show() {
    if (!this.state) return;
    const { baton } = this.state;
    const plant = facts.role === OBSERVER;
    const receivers = this.receivers;
    const several = receivers.length > 0 || !baton.with_owner || facts.role === "companion";
    const there = this.people.some((one) => one.works);
    put(byId("baton-who"), there ? this.words() : say("works_away", { name: baton.name }));
    show(byId("strip-hand"), this.works && (several || plant));
    for (const button of document.querySelectorAll("[data-baton-tool]")) button.hidden = !(several || plant);

    const asking = this.people.filter((one) => one.asks);
    show(byId("baton-ask"), !plant && !this.works && !baton.with_plant);
    const asked = asking.some((one) => one.you);
    const button = byId("baton-ask")?.querySelector("button");
    if (button) button.disabled = asked;
    show(byId("baton-asked"), asked);
    const back = facts.role === "owner" && !this.works && !baton.with_plant;
    show(byId("baton-back"), back);
    this.fillReceivers(byId("baton-pass"), this.works && !plant ? receivers : []);
    const owner = { user: "", name: say("who_started") };
    this.fillReceivers(byId("control-return"), baton.with_plant ? [owner, ...receivers.filter((one) => one.role !== "owner")] : []);
    show(byId("control-take"), plant && !this.works && facts.permission === "control");
    show(byId("control-view-only"), plant && facts.permission !== "control");
    this.showBanner(asking, { back, there });
  }

  /** One button for each person; its form says to whom. */
  fillReceivers(form, people) {
    if (!form) return;
    const list = form.querySelector("[data-receivers]");
    const key = people.map((one) => `${one.user}:${one.name}`).join(",");
    show(form, people.length > 0);
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    list.replaceChildren(...people.map((one) => {
      const button = document.createElement("button");
      button.type = "submit";
      button.name = "to";
      button.value = one.user;
      button.className = "btn btn-outline btn-block";
      button.textContent = say(one.user === "" ? "back_to_owner" : "hand_to", { name: one.name });
      return button;
    }));
  }

  showBanner(asking, { back, there }) {
    const { baton } = this.state;
    const plant = facts.role === OBSERVER;
    const wish = this.works && !plant ? asking.find((one) => !one.you) : null;
    const away = back && !there;
    const words = wish
      ? say("asks_for_baton", { name: wish.name })
      : away
        ? say("works_away", { name: baton.name })
        : this.works && plant
          ? say("you_have_control")
          : baton.with_plant
            ? say("plant_has_control", { name: baton.name })
            : "";
    put(byId("banner-baton-words"), words);
    show(byId("banner-baton"), Boolean(words));
    byId("banner-baton").dataset.tone = wish || away ? "warn" : "info";
    const pass = byId("banner-pass");
    if (pass) {
      show(pass, Boolean(wish));
      if (wish) {
        pass.querySelector("[name=to]").value = wish.user;
        put(pass.querySelector("[data-words]"), say("hand_to", { name: wish.name }));
      }
    }
    show(byId("banner-back"), away);
    show(byId("banner-return"), this.works && plant);
  }
}
