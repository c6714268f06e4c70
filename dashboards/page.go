package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
)

// tag joins the dashboards: each links to all others that have it.
const tag = "tenant-redis"

// source is the data source that the reader chooses.
var source = common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}

// Whom a dashboard is for: its folder in the chart, and so in Grafana.
const (
	tenants        = "tenants"
	administrators = "administrators"
)

// page is a dashboard that is being put together.
type page struct {
	audience, uid string
	builder       *classicBuilder
}

type panel = cog.Builder[dashboard.Panel]

// newPage returns a dashboard without panels. Its file and its address in
// Grafana are called by its uid.
func newPage(audience, uid, title, description string, variables ...cog.Builder[dashboard.VariableModel]) *page {
	builder := newClassic(title).
		Uid(uid).
		Description(description).
		Tags([]string{tag}).
		Timezone("browser").
		Time("now-3h", "now").
		Refresh("30s").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Link(dashboard.NewDashboardLinkBuilder("Redis dashboards").
			Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{tag}).IncludeVars(true).KeepTime(true)).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus"))
	for _, v := range variables {
		builder.WithVariable(v)
	}
	return &page{audience, uid, builder}
}

// row adds panels under a title, from left to right and down.
func (p *page) row(title string, panels ...panel) {
	p.builder.WithRow(dashboard.NewRowBuilder(title))
	for _, one := range panels {
		p.builder.WithPanel(one)
	}
}

// fold adds a row that is closed until somebody opens it: what most instances do
// not have.
func (p *page) fold(title string, panels ...panel) {
	row := dashboard.NewRowBuilder(title)
	for _, one := range panels {
		row.WithPanel(one)
	}
	p.builder.WithRow(row)
}

// annotate marks on all graphs when the query has a value.
func (p *page) annotate(name, expr, text string) {
	p.builder.Annotation(dashboard.NewAnnotationQueryBuilder().
		Name(name).Datasource(source).Enable(true).IconColor("purple").
		Expr(scope.Replace(expr)).Step("60s").TitleFormat(name).TextFormat(text))
}

func (p *page) build() (classic, error) {
	built, err := p.builder.Build()
	if err != nil {
		return built, err
	}
	// Links to one panel hold its number.
	var last uint32
	next := func() uint32 { last++; return last }
	for _, entry := range built.Panels {
		if entry.Panel != nil {
			entry.Panel.Id = cog.ToPtr(next())
			continue
		}
		entry.RowPanel.Id = next()
		for n := range entry.RowPanel.Panels {
			entry.RowPanel.Panels[n].Id = cog.ToPtr(next())
		}
	}
	return built, nil
}

// choice is a variable whose values are those of a label.
func choice(name, title, label, metric string) *dashboard.QueryVariableBuilder {
	query := "label_values(" + metric + ", " + label + ")"
	return dashboard.NewQueryVariableBuilder(name).
		Label(title).Datasource(source).Definition(query).
		Query(dashboard.StringOrMap{Map: map[string]any{"query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc)
}

// query is one that is drawn over time.
func query(expr, legend string) *prometheus.DataqueryBuilder {
	// A step of 30 s at least has $__rate_interval span two minutes at least,
	// whatever the data source says of its scrapes.
	return prometheus.NewDataqueryBuilder().Expr(scope.Replace(expr)).LegendFormat(legend).Range().Interval("30s")
}

// latest is a query of which only the last value is shown.
func latest(expr, legend string) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().Expr(scope.Replace(expr)).LegendFormat(legend).Instant().Interval("30s")
}
